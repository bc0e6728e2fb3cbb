"""kill -9 while KPI history is written: every closed window is there, once, and says what was sent."""

from __future__ import annotations

import json
import os
import random
import threading
import time
import urllib.error
from collections import Counter
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess

CYCLES = int(os.environ.get("TIDEGATE_HISTORY_KILLS", "6"))
BATCH = 25
KPIS = """
[[kpi]]
name = "by_second"
value = "count(*)"
by = ["k"]
window = "tumbling 1s"
delay = "0s"
grace = "3s"

[[kpi]]
name = "visits"
value = "count(*)"
window = "session 2s"
delay = "0s"
grace = "3s"
"""


class Sender(threading.Thread):
    """Posts batch after batch, each until it is answered; event time runs fast, and some events come late."""

    def __init__(self, gateway: GatewayProcess, start: int, dice: random.Random) -> None:
        super().__init__()
        self.seq = 0
        self.stop = threading.Event()
        self.by_second: Counter[tuple[int, str]] = Counter()
        self._gateway = gateway
        self._start = start
        self._dice = dice

    def run(self) -> None:
        while not self.stop.is_set():
            self.post(self.seq + 1)

    def post(self, seq: int, ahead: int = 0) -> None:
        """One batch of 250 ms an event; `ahead` pushes its time forward."""
        events = []
        for nth in range(BATCH):
            late = 1_500 if self._dice.random() < 0.1 else 0
            at = self._start + (seq * BATCH + nth) * 250 - late + ahead
            key = self._dice.choice("abc")
            events.append({"event": "x", "timestamp": at, "distinct_id": key, "properties": {"k": key}})
            self.by_second[at // 1_000 * 1_000, key] += 1
        body = {"token": WRITE_KEY, "producer": {"id": "p", "epoch": 1}, "seq": seq, "events": events}
        while True:
            try:
                if self._gateway.post(json.dumps(body).encode())[0] == 200:
                    self.seq = seq
                    return
            except (OSError, urllib.error.URLError, HTTPException, json.JSONDecodeError):
                time.sleep(0.005)


def everything(gateway: GatewayProcess, kpi: str) -> list[dict[str, Any]]:
    """All pages."""
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        status, body = gateway.get(f"/v1/kpis/{kpi}?limit=500{after}")
        assert status == 200, body
        page = json.loads(body)
        rows += page["rows"]
        if page["next"] is None:
            return rows
        after = f"&after={page['next']}"


@pytest.mark.timeout(600)
def test_no_kill_loses_or_doubles_a_closed_window(tmp_path: Path) -> None:
    """Kills fall between the writing of history and the snapshot, and between the snapshot and history."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPIS)
    dice = random.Random(7)
    gateway = GatewayProcess(tmp_path / "data", kpis=kpis, snapshot_s=1, accept_rate=10_000)
    gateway.start()
    sender = Sender(gateway, time.time_ns() // 60_000_000_000 * 60_000 - 5 * 3_600_000, random.Random(8))
    sender.start()
    try:
        for _ in range(CYCLES):
            goal = sender.seq + dice.randint(1, 60)
            while sender.seq < goal:
                time.sleep(0.002)
            time.sleep(dice.random() * 0.05)
            gateway.kill()
            gateway.start()
        sender.stop.set()
        sender.join()
        sender.post(sender.seq + 1, ahead=3_600_000)  # everything before it is closed now
        rows = everything(gateway, "by_second")
        identities = [(row["start"], row["dims"]["k"]) for row in rows]
        assert len(set(identities)) == len(identities)
        assert {identity: row["value"] for identity, row in zip(identities, rows, strict=True)} == sender.by_second
        visits = everything(gateway, "visits")
        assert len({(row["start"], row["dims"]["distinct_id"]) for row in visits}) == len(visits)
        assert sum(row["value"] for row in visits) == sum(sender.by_second.values())
        assert len(rows) > 300 * 3
    finally:
        sender.stop.set()
        if gateway.running:
            gateway.kill()
        sender.join(30)
