"""A data folder as a gateway leaves it: groups of events in the log, perhaps a snapshot on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from analytics import KpiSpec
from gateway.audit.published import Intake
from gateway.core.fold import Fold
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import encode_record
from gateway.store import EventLog, Result
from gateway.wire.replies import Limits
from tests.core.simulation import refold

NOW = 1_795_334_400_000
INTAKE = Intake(Limits(1 << 20, 10_000, 16), 65_536, 100_000, 16 << 30)
Group = tuple[int, str, list[dict[str, Any]]]
"""Time of receipt, who sent it, its events."""


def record(folder: Path, specs: Sequence[KpiSpec], groups: Iterable[Group], snapshot_after: int | None = None) -> None:
    """Run a gateway's fold over the groups and keep what it keeps; the snapshot holds so many of them."""
    fold = Fold(specs, INTAKE.limits, INTAKE.max_property, 1_000, INTAKE.uuids, INTAKE.memory_budget)
    with EventLog.open(folder, retention_ms=1_000, max_bytes=1 << 30, keep_snapshots=2, quarantine_rows=10) as log:
        for seq, (received, sender, events) in zip(count(1), groups, strict=False):
            text = orjson.dumps({"type": "batch", "seq": seq, "events": events})
            batch = fold.codec.batch(text)
            producer = Producer(sender, 1, 0)
            arrival = Arrival(producer, 1, seq, batch.events, batch.verdicts, text, received, 0, None, b"", None)
            payload = encode_record([arrival])
            _wait(partial(log.append, payload, len(events), received))
            refold(fold, payload)
            if seq == snapshot_after:
                blobs = fold.snapshot()
                _wait(partial(log.snapshot, seq, blobs, received))


def _wait(call: Any) -> None:
    answered, answers = threading.Event(), list[Result]()

    def done(result: Result) -> None:
        answers.append(result)
        answered.set()

    call(done)
    assert answered.wait(30)
    assert type(answers[0]).__name__ == "Committed", answers
