"""One event at a time, and when a viewer sees it counted: the probe of the latency benchmark, as its own process.

    python -m benchmarks.probe '{"port": 8080, "view_key": "..", "write_key": "..", ...}'     # the fields of `Plan`

It prints one JSON object, the fields of `Outcome`. The KPI counts probe events, so a delta that shows `n` of them
proves that the n-th was seen. An event that had to wait for credit counts from when it was due.
"""

from __future__ import annotations

import random
import select
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from benchmarks.load import Producer
from benchmarks.machine import DRIVER_CORE, pin
from benchmarks.viewers import subscribe
from benchmarks.wire import ClosedError, FrameReader, open_socket, say

__all__ = ["KPI", "Outcome", "Plan", "Sightings"]

KPI = "probes"
_LAST_S = 5.0


@dataclass(frozen=True)
class Plan:
    """How many probes and how far apart: gaps are uniform in [gap/2, 3 gap/2], so they keep no step with the tick."""

    port: int
    view_key: str
    write_key: str
    max_hz: float = 10.0
    gap_ms: float = 40.0
    measure_s: float = 8.0
    seed: int = 1


@dataclass
class Outcome:
    """Milliseconds from send to delta of each probe, and to its ack."""

    seen_ms: list[float] = field(default_factory=list)
    acked_ms: list[float] = field(default_factory=list)
    deltas: int = 0


class Sightings:
    """What a viewer knows of the probes: rows of the KPI by window, and so how many are counted in all."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._values: dict[int, float] = {}
        self.take(rows)
        # Counted before the first probe, by an earlier run against the same server.
        self._before = self.total()

    def take(self, rows: list[dict[str, Any]]) -> None:
        """Upsert rows of a snapshot or a delta."""
        for row in rows:
            self._values[row["start"]] = row["value"] or 0

    def total(self) -> float:
        """All events counted in the windows known."""
        return sum(self._values.values())

    def seen(self) -> int:
        """How many probes of this run are counted."""
        return round(self.total() - self._before)


class Probe:
    """A producer and a viewer in one thread."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self._due: list[float] = []
        self._acked = 0
        self._producer = Producer(open_socket(plan.port))
        self._producer.hello(plan.write_key)
        self._first_seq = self._producer.next_seq
        self._viewer = open_socket(plan.port)
        self._reader = FrameReader()
        self._sightings = Sightings(subscribe(self._viewer, self._reader, plan.view_key, KPI, plan.max_hz)["rows"])
        for sock in (self._viewer, self._producer.sock):
            sock.setblocking(True)

    def run(self) -> Outcome:
        """Send until the time is over, then wait until every probe is seen.

        Raises:
            ClosedError: the server ended a connection, or some probe stayed unseen for five seconds.
        """
        rng = random.Random(self.plan.seed)
        stop = time.perf_counter() + self.plan.measure_s
        due = time.perf_counter()
        waiting: list[float] = []
        while (now := time.perf_counter()) < stop + _LAST_S:
            if now >= due and now < stop:
                waiting.append(due)
                due += self.plan.gap_ms / 1_000 * rng.uniform(0.5, 1.5)
            while waiting and self._producer.next_seq <= self._producer.max_seq:
                self._send(waiting.pop(0))
            if now >= stop and not waiting and len(self.outcome.seen_ms) == len(self._due):
                break
            self._read(max(0.0, min(due, now + 0.05) - now) if now < stop else 0.05)
        self._viewer.close()
        self._producer.sock.close()
        if len(self.outcome.seen_ms) == len(self._due):
            return self.outcome
        raise ClosedError(f"{len(self._due) - len(self.outcome.seen_ms)} of {len(self._due)} probes were not seen")

    def _send(self, due: float) -> None:
        producer, now = self._producer, time.time_ns() // 1_000_000
        event = {"event": "probe", "timestamp": now, "distinct_id": "probe", "properties": {}}
        say(producer.sock, {"type": "batch", "seq": producer.next_seq, "sent_at": now, "backlog": 0, "events": [event]})
        producer.next_seq += 1
        self._due.append(due)

    def _read(self, timeout: float) -> None:
        ready, _, _ = select.select([self._viewer, self._producer.sock], [], [], timeout)
        for sock in ready:
            data = sock.recv(65_536)
            now = time.perf_counter()
            if not data:
                raise ClosedError("the server ended a connection")
            reader = self._reader if sock is self._viewer else self._producer.reader
            for payload in reader.feed(data):
                message = orjson.loads(payload)
                for one in message if isinstance(message, list) else [message]:
                    self._take(one, now)

    def _take(self, message: dict[str, Any], now: float) -> None:
        match message["type"]:
            case "delta":
                self.outcome.deltas += 1
                self._sightings.take(message["set"])
                for number in range(len(self.outcome.seen_ms), min(self._sightings.seen(), len(self._due))):
                    self.outcome.seen_ms.append((now - self._due[number]) * 1_000)
            case "ack":
                self._producer.max_seq = max(self._producer.max_seq, message["credit"]["max_seq"])
                upto = message["seq"] - self._first_seq + 1
                for number in range(self._acked, upto):
                    self.outcome.acked_ms.append((now - self._due[number]) * 1_000)
                self._acked = max(self._acked, upto)
            case "snapshot":
                self._sightings.take(message["rows"])
            case "error" | "nack" | "warn":
                raise ClosedError(f"unexpected message {message}")


def main() -> None:
    """Read the plan from the command line, run it, print the outcome."""
    pin(DRIVER_CORE)
    probe = Probe(Plan(**orjson.loads(sys.argv[1])))
    print(orjson.dumps(asdict(probe.run())).decode("ascii"), flush=True)


if __name__ == "__main__":
    main()
