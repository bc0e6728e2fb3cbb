"""A KPI set over recorded events: rows as lines of JSON, as they happen, with event time as the only clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson

from analytics import Batch, Changes, Engine
from analytics.arrays import Ints
from analytics.time import BEGINNING
from gateway.core.encoding import row_body
from gateway.core.lines import Lines
from gateway.core.recording import BadLine, Recording

__all__ = ["Counts", "Replay", "replay_recording"]

NOW: Final = 0
"""No clock runs: a recording is one source, which is never idle."""


@dataclass(slots=True)
class Counts:
    """What became of the input so far."""

    events: int = 0
    duplicates: int = 0
    rejected: int = 0
    """Events that the gateway refused when they came."""
    outside: int = 0
    """Events outside the span that was asked for."""
    bad: int = 0
    first_bad: BadLine | None = None


class Replay:
    """Batches in, lines of JSON out.

    Args:
        engine: an exact one, new.
        partial: also print open windows, whenever event time reaches the next multiple of so many ms. The rows are
            those that changed since the last time, as they stood before the event that got there.
    """

    def __init__(self, engine: Engine, partial: int | None = None) -> None:
        self.engine = engine
        self.counts = Counts()
        self.partial = partial
        # Largest event time so far.
        self._reached = BEGINNING

    def take(self, batch: Batch, now: int = NOW, moments: Sequence[int] | None = None) -> Iterator[bytes]:
        """Count a batch; the rows that it brings, some at a time. `moments` as `Engine.ingest` has them, where no
        partials are asked for.
        """
        if self.partial is None:
            yield from map(_lines, self.engine.ingesting(batch, now, moments))
            return
        for nth, part in enumerate(batch.cut(self._steps(batch, self.partial))):
            if nth:
                yield _lines(self.engine.advance(now))
            if part.n:
                yield from map(_lines, self.engine.ingesting(part, now))

    def _steps(self, batch: Batch, width: int) -> list[int]:
        """The positions of events that are the first to reach another multiple of `width`."""
        times = batch.timestamp
        for mask in (batch.skip, batch.holds):
            times = times if mask is None else np.where(mask, BEGINNING, times)
        reached: Ints = np.maximum.accumulate(np.concatenate(([self._reached], times)))
        self._reached = int(reached[-1])
        risen = np.diff(reached // width) > 0
        steps: list[int] = np.flatnonzero(risen & (reached[:-1] > BEGINNING)).tolist()
        return steps

    def finish(self) -> Iterator[bytes]:
        """There are no more events: the rest of the rows, some at a time."""
        for changes in self.engine.finishing():
            yield _lines(changes)


def _lines(changes: Changes) -> bytes:
    return b"".join(
        [orjson.dumps({"kpi": r.kpi} | row_body(r), option=orjson.OPT_APPEND_NEWLINE) for r in changes.rows]
    )


def replay_recording(pieces: Iterable[bytes], recording: Recording, replay: Replay) -> Iterator[bytes]:
    """Rows for each piece of a recording that has some. Ends without `finish` when the recording stops at a bad line,
    which is then `replay.counts.first_bad`.
    """
    lines = Lines()
    for piece in pieces:
        text = lines.feed(piece)
        if text:
            yield from _take(text, recording, replay)
            if recording.stopped:
                return
    rest = lines.rest()
    if rest:
        yield from _take(rest, recording, replay)
    if not recording.stopped:
        yield from replay.finish()


def _take(text: bytes, recording: Recording, replay: Replay) -> Iterator[bytes]:
    replay.engine.trim()
    recorded, counts = recording.read(text), replay.counts
    counts.events += recorded.batch.n
    counts.duplicates += recorded.duplicates
    counts.outside += recorded.outside
    counts.bad += len(recorded.bad)
    if recorded.bad and counts.first_bad is None:
        counts.first_bad = recorded.bad[0]
    return replay.take(recorded.batch) if recorded.batch.n else iter(())
