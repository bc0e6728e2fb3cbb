"""Data folders as a gateway leaves them, made by the real core and store without a server."""

from __future__ import annotations

from pathlib import Path

import orjson

from gateway.core.fold import Fold
from gateway.core.post import judge_post
from gateway.core.producer import Arrival
from gateway.core.record import encode_record
from gateway.doctor.proof import Intake
from tests.store.answers import Answers, opened, saved

NOW = 1_795_334_400_000
EVENTS = 3


def arrival(fold: Fold, producer: str, seq: int) -> Arrival:
    """A batch that was posted."""
    events = [{"event": "x", "uuid": f"{producer}-{seq}-{nth}", "timestamp": NOW} for nth in range(EVENTS)]
    text = orjson.dumps({"type": "batch", "seq": seq, "events": events})
    batch = fold.codec.batch(text)
    _, row = judge_post(fold.table, producer, 1, seq)
    return Arrival(row, 1, seq, batch.events, batch.verdicts, text, NOW, 0, None, b"", None)


def folder(place: Path, rows: int = 12, snapshots: tuple[int, ...] = (4, 8)) -> Path:
    """A log of `rows` rows with a batch of each of two producers, and snapshots at some positions."""
    fold = Intake().fold()
    with opened(place) as log:
        for position in range(1, rows + 1):
            arrivals = [arrival(fold, producer, position) for producer in ("a", "b")]
            admitted = fold.admit(arrivals)
            answers = Answers()
            log.append(encode_record(arrivals), EVENTS * len(arrivals), NOW, answers)
            answers.wait()
            fold.apply(arrivals, admitted, NOW)
            if position in snapshots:
                saved(log, position, fold.snapshot())
    return place
