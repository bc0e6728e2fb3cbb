"""The wall clock of the machine jumps by a day, forth and back; windows that are over stay as they were."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.e2e.faketime import WallClock
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.patience import eventually

DAY_S = 86_400
KPIS = """
[[kpi]]
name = "by_second"
value = "count(*)"
by = ["k"]
window = "tumbling 1s"
delay = "0s"
grace = "5s"
"""


class Sender:
    """Posts events of true times, one second after the other, and knows what became of them."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.sent = 0
        self.late = 0
        self._gateway = gateway
        # Far enough back that a minute of events is past when the test begins.
        self.at = time.time_ns() // 1_000_000_000 * 1_000 - 60_000

    def post(self, seconds: int) -> None:
        """Three events in each of the next seconds."""
        for _ in range(seconds):
            events = [
                {"event": "x", "timestamp": self.at + nth * 100, "properties": {"k": f"k{nth}"}} for nth in range(3)
            ]
            body = json.dumps({"token": WRITE_KEY, "events": events}).encode()
            status, answer = self._gateway.post(body)
            assert status == 200, answer
            dropped = [verdict for verdict in answer["verdicts"] if verdict[2] == "drop"]
            assert {verdict[3] for verdict in dropped} <= {"late"}
            self.sent += 3
            self.late += len(dropped)
            self.at += 1_000


def closed(gateway: GatewayProcess, until: int) -> list[dict[str, Any]]:
    """Rows of windows that ended by then."""
    return [row for row in gateway.rows("by_second") if row["end"] <= until]


def off(gateway: GatewayProcess) -> float:
    """By how many seconds its clock is ahead."""
    now: int = gateway.status()["now"]
    return now / 1_000 - time.time()


def test_a_jump_of_a_day_changes_no_window_that_is_over(tmp_path: Path) -> None:
    """Forth and back again, then back and forth. What is late by the clock it came under is refused and counted."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPIS)
    clock = WallClock(tmp_path / "clock")
    with GatewayProcess(tmp_path / "data", kpis=kpis, env=clock.env, snapshot_s=1) as gateway:
        sender = Sender(gateway)
        sender.post(15)
        over = sender.at - 10_000
        before = eventually(lambda: closed(gateway, over), lambda rows: len(rows) == 15)
        assert {(row["value"], row["kind"]) for row in before} == {(1, "final")}
        # A clock that is a day slow takes true times for future ones, and cannot believe them.
        for jump, late in ((DAY_S, 0), (-DAY_S, 15)):
            for ahead in (jump, 0):
                clock.set(ahead)
                eventually(lambda: off(gateway), lambda seconds, ahead=ahead: abs(seconds - ahead) < 3_600)  # type: ignore[misc]
                sender.post(5)
                assert closed(gateway, over) == before
                assert sender.late == late
        newer = eventually(lambda: closed(gateway, sender.at - 2_000), lambda rows: len(rows) == 3 * 28)
        assert newer[: len(before)] == before
        gateway.kill()
        gateway.start()
        assert closed(gateway, sender.at - 2_000) == newer
        ledger = gateway.status()["ledger"]
        assert (ledger["sent"], ledger["rejected"]) == (sender.sent, sender.late)
