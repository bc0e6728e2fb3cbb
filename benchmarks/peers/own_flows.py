"""Our own side of the engine benchmarks, run like the peers': from encoded events, or from columns made beforehand.

Decoding is that of `tidegate replay` (the gateway's own decoder takes batches instead of lines); a tick, in which rows
go out, comes after every 10,000 events. The garbage collector is set as the gateway and `tidegate replay` set it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from analytics import Batch, Changes, Engine, KpiSpec
from benchmarks.peers.flow import Flow, main
from gateway.core.lines import Lines
from gateway.core.recording import Recording
from gateway.replay.source import pieces
from gateway.server.garbage import Garbage

__all__ = ["BATCH", "BUDGET", "Prepared", "blocks", "decode_and_run", "prepared", "read_as_replay", "run_engine"]

BATCH = 1_000
_TICK = 10_000
_UUIDS = 1_000
BUDGET = 4 << 30

Rows = Callable[[Changes], Iterable[Any]]


def blocks(path: str, size: int = BATCH) -> list[bytes]:
    """The file in blocks of so many lines."""
    lines = Path(path).read_bytes().splitlines(keepends=True)
    return [b"".join(lines[first : first + size]) for first in range(0, len(lines), size)]


def read_as_replay(path: str) -> list[bytes]:
    """The file in whole lines, as many at a time as `tidegate replay` reads."""
    lines = Lines()
    return [text for text in map(lines.feed, pieces(path)) if text] + [lines.rest()]


class Prepared(NamedTuple):
    """A new engine, and all batches for it."""

    engine: Engine
    batches: list[Batch]


def prepared(path: str, specs: Sequence[KpiSpec], size: int = BATCH) -> Prepared:
    """The same as columns, as the gateway's decoder hands them to the engine: texts are codes of its dictionaries."""
    engine = Engine(specs, memory_budget=BUDGET)
    recording = Recording(engine.schema, engine.coders, _UUIDS)
    return Prepared(engine, [recording.read(block).batch for block in blocks(path, size)])


def decode_and_run(source: Sequence[bytes], specs: Sequence[KpiSpec], rows: Rows) -> list[Any]:
    """From encoded events to final rows."""
    engine = Engine(specs, memory_budget=BUDGET)
    recording = Recording(engine.schema, engine.coders, _UUIDS)
    found: list[Any] = []
    waiting = 0
    for block in source:
        engine.trim()
        batch = recording.read(block).batch
        engine.ingest(batch, 0)
        waiting += batch.n
        if waiting >= _TICK:
            found += rows(engine.advance(0))
            waiting = 0
    return found + list(rows(engine.finish()))


def run_engine(source: Prepared, rows: Rows, *, partial: bool = True) -> list[Any]:
    """From columns to final rows: the engine alone. It can be run once.

    `partial`: rows of open windows are made at every tick as well, and left out here.
    """
    engine = source.engine
    found: list[Any] = []
    waiting = 0
    for batch in source.batches:
        engine.ingest(batch, 0)
        waiting += batch.n
        if waiting >= _TICK:
            found += rows(engine.advance(0) if partial else engine.settled())
            waiting = 0
    return found + list(rows(engine.finish()))


_YSB = KpiSpec(
    name="views", value="count(*)", where="event = 'view'", by=("campaign",), window="tumbling 10s",
    delay="0s", grace="0s",
)  # fmt: skip


_SESSIONS = KpiSpec("sessions", "count(*)", "session 10s", delay="2s", grace="10s")


def _sessions(changes: Changes) -> Iterable[Any]:
    # What a tick showed of an open session may be taken back; a final row that were taken back would still be one here.
    rows = [row for row in changes.rows if row.kind not in ("partial", "retract")]
    return [(*row.dims.values(), row.start, row.end, row.value) for row in rows]


def _counts(changes: Changes) -> Iterable[Any]:
    return [(*row.dims.values(), row.start, row.value) for row in changes.rows if row.kind != "partial"]


def _session_flow(size: int = BATCH, *, partial: bool = False) -> Flow:
    return Flow(
        lambda path: prepared(path, [_SESSIONS], size), lambda source: run_engine(source, _sessions, partial=partial)
    )


FLOWS = {
    "sessions": _session_flow(),
    "sessions/10k": _session_flow(10_000),
    "sessions/shown": _session_flow(partial=True),
    "ysb": Flow(read_as_replay, lambda source: decode_and_run(source, [_YSB], _counts)),
    "ysb/engine": Flow(lambda path: prepared(path, [_YSB]), lambda source: run_engine(source, _counts)),
}

if __name__ == "__main__":
    Garbage().settle()
    main(FLOWS, "tidegate", "numpy", "msgspec")
