"""Our own side of the engine benchmarks, run like the peers': from encoded events, or from columns made beforehand.

Decoding is that of `tidegate replay` (the gateway's own decoder takes batches instead of lines); a tick, in which rows
go out, comes after every 10,000 events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from analytics import Batch, Changes, Engine, KpiSpec
from benchmarks.peers.flow import Flow, main
from gateway.core.recording import Recording

__all__ = ["BATCH", "blocks", "columns", "decode_and_run", "run_columns"]

BATCH = 1_000
_TICK = 10
_UUIDS = 1_000

Rows = Callable[[Changes], Iterable[Any]]


def blocks(path: str, size: int = BATCH) -> list[bytes]:
    """The file in blocks of so many lines."""
    lines = Path(path).read_bytes().splitlines(keepends=True)
    return [b"".join(lines[first : first + size]) for first in range(0, len(lines), size)]


def columns(path: str, specs: Sequence[KpiSpec], size: int = BATCH) -> list[Batch]:
    """The same as batches of plain columns, as an engine takes them: nothing is encoded yet."""
    recording = Recording(Engine(specs, memory_budget=_BUDGET).schema, {}, _UUIDS)
    return [recording.read(block).batch for block in blocks(path, size)]


def decode_and_run(source: Sequence[bytes], specs: Sequence[KpiSpec], rows: Rows) -> list[Any]:
    """From encoded events to final rows."""
    engine = Engine(specs, memory_budget=_BUDGET)
    recording = Recording(engine.schema, engine.coders, _UUIDS)
    found: list[Any] = []
    for number, block in enumerate(source, 1):
        engine.trim()
        engine.ingest(recording.read(block).batch, 0)
        if not number % _TICK:
            found += rows(engine.advance(0))
    return found + list(rows(engine.finish()))


def run_columns(source: Sequence[Batch], specs: Sequence[KpiSpec], rows: Rows) -> list[Any]:
    """From columns to final rows: the engine alone."""
    engine = Engine(specs, memory_budget=_BUDGET)
    found: list[Any] = []
    for number, batch in enumerate(source, 1):
        engine.ingest(batch, 0)
        if not number % _TICK:
            found += rows(engine.advance(0))
    return found + list(rows(engine.finish()))


_BUDGET = 4 << 30
_YSB = KpiSpec(
    name="views", value="count(*)", where="event = 'view'", by=("campaign",), window="tumbling 10s",
    delay="0s", grace="0s",
)  # fmt: skip


def _counts(changes: Changes) -> Iterable[Any]:
    return [(*row.dims.values(), row.start, row.value) for row in changes.rows if row.kind != "partial"]


FLOWS = {
    "ysb": Flow(blocks, lambda source: decode_and_run(source, [_YSB], _counts)),
    "ysb/engine": Flow(lambda path: columns(path, [_YSB]), lambda source: run_columns(source, [_YSB], _counts)),
}

if __name__ == "__main__":
    main(FLOWS, "tidegate", "numpy", "msgspec")
