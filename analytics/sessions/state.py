"""State of session windows to and from a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from analytics.sessions.book import Line
from analytics.sessions.grid import SessionGrid

__all__ = ["dump_sessions", "load_sessions"]

COLUMNS = ("kinds", "revs", "ends", "errors")


def dump_sessions(grid: SessionGrid) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """State as JSON-able values and buffers."""
    table, speaker = grid.table, grid.speaker
    cells = table.open_cells()
    names = [kpi.spec.name for kpi in grid.plan.kpis]
    buffers = grid.cells.dump(cells) | {
        "#cell": cells,
        "#first": table.first[cells],
        "#last": table.last[cells],
        "#key": table.key[cells],
        "#final": table.final[cells],
    }
    values = {}
    for name, said in zip(names, speaker.said, strict=True):
        values[name] = [_plain(value) for value in said.values[cells].tolist()]
        buffers |= {f"#said/{name}/{column}": getattr(said, column)[cells] for column in COLUMNS}
    meta = {
        "final_to": grid.final_to,
        "late": grid.late,
        "closed_early": grid.closed_early,
        "keys": grid.keys.dump(),
        "values": values,
        "books": {name: _dumped(book.lines()) for name, book in zip(names, speaker.books, strict=True)},
        "pending": {name: _dumped(lines) for name, lines in zip(names, speaker.pending, strict=True)},
    }
    return meta, buffers


def load_sessions(grid: SessionGrid, meta: Mapping[str, Any], buffers: Mapping[str, NDArray[Any]]) -> None:
    """Put the state back into an empty grid, as far as its KPIs are in it."""
    table, speaker, by = grid.table, grid.speaker, grid.plan.by
    grid.final_to, grid.late, grid.closed_early = meta["final_to"], meta["late"], meta["closed_early"]
    grid.keys.load(meta["keys"])
    cells = buffers["#cell"]
    table.load(cells, buffers["#first"], buffers["#last"], buffers["#key"], buffers["#final"])
    grid.cells.load(cells, buffers)
    grid.due = grid.final_to
    for i, kpi in enumerate(grid.plan.kpis):
        name = kpi.spec.name
        for column in COLUMNS:
            getattr(speaker.said[i], column)[cells] = buffers[f"#said/{name}/{column}"]
        for cell, value in zip(cells.tolist(), meta["values"][name], strict=True):
            speaker.said[i].values[cell] = _value(value)
        speaker.books[i].put(_lines(meta["books"][name], by))
        speaker.pending[i] += _lines(meta["pending"][name], by)


def _plain(value: Any) -> Any:
    return {"json": value.decode("utf-8", "surrogatepass")} if type(value) is bytes else value


def _value(value: Any) -> Any:
    return value["json"].encode("utf-8", "surrogatepass") if type(value) is dict else value


def _dumped(lines: Sequence[Line]) -> list[list[Any]]:
    return [[list(line.dims.values()), line.start, line.end, _plain(line.value), *line[4:7]] for line in lines]


def _lines(state: Sequence[Sequence[Any]], by: tuple[str, ...]) -> list[Line]:
    return [
        Line(dict(zip(by, dims, strict=True)), start, end, _value(value), kind, rev, error)
        for dims, start, end, value, kind, rev, error in state
    ]
