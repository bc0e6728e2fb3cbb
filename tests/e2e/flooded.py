"""A gateway under a flood, with an honest client beside it, and what must hold whatever the flood is."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.typing import Subprotocol

from benchmarks.flood import Outcome, Plan
from benchmarks.floods import flooding, peak_bytes
from tests.e2e.gateway_process import DEADLINE_S, VIEW_KEY, WRITE_KEY, GatewayProcess, workers_of
from tests.e2e.kpifile import write_kpis
from tests.server.scrape import scraped

__all__ = ["CAP_MB", "Flooded", "Honest"]

CAP_MB = 256
WORKER_MB = 112
"""Of each worker: what an idle one has, and as much again for its share of what is not whole and for its sockets."""
KPIS: dict[str, dict[str, Any]] = {
    "honest": {"value": "count(*) FILTER (WHERE event = 'honest')"},
    "all": {"value": "count(*)"},
    "by_event": {"value": "count(*)", "by": ["event"], "max_keys": 50},
    "by_page": {"value": "count(*)", "by": ["$pathname"], "max_keys": 50},
    "by_country": {"value": "sum(value)", "by": ["country"], "max_keys": 50},
    "people": {"value": "uniq(distinct_id)"},
    "sessions": {"value": "sessions()"},
    "pages": {"value": 'top("$pathname", 5)'},
    "funnel": {"value": "funnel(event = '$pageview', event = 'honest', within => '30m')"},
}


class Honest:
    """A producer that is let in before the flood, and sends a batch after the other, each acked before the next."""

    def __init__(self, gateway: GatewayProcess, name: str) -> None:
        self._open = ExitStack()
        opening = connect(
            gateway.ws_url,
            subprotocols=[Subprotocol("tidegate.v1")],
            compression=None,
            proxy=None,
            open_timeout=DEADLINE_S,
        )
        self._socket = self._open.enter_context(opening)
        self.acked = 0
        claim = {"id": name, "epoch": 1, "next_seq": 1}
        self._say({"type": "hello", "v": 1, "role": "producer", "token": WRITE_KEY, "producer": claim})
        self._hear("welcome")

    def send(self, count: int = 10) -> None:
        """So many batches of one event, acked one by one, without a verdict."""
        for _ in range(count):
            stamp = time.time_ns() // 1_000_000
            event = {"event": "honest", "timestamp": stamp, "distinct_id": "h", "session_id": "h"}
            self._say({"type": "batch", "seq": self.acked + 1, "sent_at": stamp, "backlog": 0, "events": [event]})
            while (ack := self._hear("ack"))["seq"] <= self.acked:
                pass
            assert "verdicts" not in ack
            self.acked += 1

    def close(self) -> None:
        """Leave."""
        self._open.close()

    def _say(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message))

    def _hear(self, kind: str) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(DEADLINE_S))
            if message["type"] == kind:
                return message
            assert message["type"] in ("ack", "ping"), message


class Flooded:
    """A gateway with a memory cap of `CAP_MB`, and an honest client that knows what it was acked.

    With `workers` each of them has `WORKER_MB` more.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._kpis = write_kpis(folder / "kpis.toml", KPIS)
        workers = workers_of(settings)
        self._cap_mb = CAP_MB + (WORKER_MB * workers if workers > 1 else 0)
        self.gateway = GatewayProcess(
            folder / "data", kpis=self._kpis, memory_cap=self._cap_mb, drain_ms=100, **settings
        )
        self._names = (f"honest-{number}" for number in itertools.count(1))
        # Events of honest clients that were acked, of those that have left and of the one that is there.
        self._acked = 0
        self.honest: Honest

    def __enter__(self) -> Flooded:
        self.gateway.start()
        self._asking = HTTPConnection("127.0.0.1", self.gateway.port, timeout=DEADLINE_S)
        try:
            self.honest = Honest(self.gateway, next(self._names))
            self.honest.send()
        except BaseException:
            self.gateway.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._asking.close()
        self.honest.close()
        self.gateway.kill()

    @contextmanager
    def flood(self, kind: str, connections: int, **changes: Any) -> Iterator[Outcome]:
        """The flood for the length of the block, on from its start; honest events flow before the block ends."""
        plan = Plan(self.gateway.port, kind, WRITE_KEY, VIEW_KEY, connections=connections, **changes)
        with flooding(plan) as outcome:
            yield outcome
            self.honest.send()

    def metrics(self) -> dict[str, float]:
        """Sample -> value; labels as in the text format. Over a socket that is kept as long as the gateway keeps it."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                self._asking.request("GET", "/metrics")
                answer = self._asking.getresponse()
                text = answer.read()
                if answer.status == 200:
                    break
                assert answer.status in (429, 503), text
            except (HTTPException, ConnectionError):
                pass
            assert time.monotonic() < deadline, "the gateway shows no metrics"
            self._asking.close()
        return scraped(text)

    def until(self, condition: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """Ask for the metrics until they are so; those."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition(found := self.metrics()):
            assert time.monotonic() < deadline, found
        return found

    def come_again(self) -> None:
        """The honest client leaves, and another comes and sends."""
        self._acked += self.honest.acked
        self.honest.close()
        self.honest = Honest(self.gateway, next(self._names))
        self.honest.send()

    def hold(self) -> dict[str, float]:
        """What must hold after any flood; the last metrics.

        Memory stayed below the cap, and no worker was lost; the flood's sockets are gone, and so is what was kept and
        given up for it; a new honest client is let in; and each honest event that was acked is counted once.
        """
        lines = self.gateway.status()["workers"]
        assert peak_bytes(self.gateway.pid) <= CAP_MB << 20
        assert all(peak_bytes(line["pid"]) <= WORKER_MB << 20 for line in lines)
        assert not any(line["restarts"] for line in lines)
        found = self.until(
            lambda m: (
                m["tidegate_sockets"] <= 2
                and m["tidegate_shedding"] == m["tidegate_level"] == 0
                and m["tidegate_held_bytes"] == m["tidegate_outgoing_bytes"] == m["tidegate_pending_bytes"] == 0
            )
        )
        assert found["tidegate_producers"] == 1
        self.come_again()
        assert sum(row["value"] for row in self.gateway.rows("honest")) == self._acked + self.honest.acked
        ledger = self.gateway.status()["ledger"]
        assert sum(row["value"] for row in self.gateway.rows("all")) == ledger["accepted"]
        assert ledger["sent"] == ledger["accepted"] + ledger["duplicate"] + ledger["rejected"]
        return found
