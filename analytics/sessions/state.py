"""State of session windows to and from a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from analytics.sessions.book import Line
from analytics.sessions.grid import SessionGrid

__all__ = ["freeze_sessions", "load_sessions"]

COLUMNS = ("kinds", "revs", "ends", "errors")


def freeze_sessions(grid: SessionGrid) -> Callable[[], tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """A copy of the state; calling it makes JSON-able values and buffers of it, in any thread.

    Lines and dims are copied by reference: they are never written.
    """
    table, speaker, by = grid.table, grid.speaker, grid.plan.by
    cells = table.open_cells()
    names = [kpi.spec.name for kpi in grid.plan.kpis]
    buffers = grid.cells.dump(cells) | {
        "#cell": cells,
        "#first": table.first[cells],
        "#last": table.last[cells],
        "#key": table.key[cells],
        "#final": table.final[cells],
    }
    for name, said in zip(names, speaker.said, strict=True):
        buffers |= {f"#said/{name}/{column}": getattr(said, column)[cells] for column in COLUMNS}
    counts = {"final_to": grid.final_to, "late": grid.late, "closed_early": grid.closed_early}
    keys = list(grid.keys.dims)
    values = [said.values[cells].tolist() for said in speaker.said]
    books = [book.lines() for book in speaker.books]
    pending = [list(lines) for lines in speaker.pending]

    def made() -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        meta = {
            "keys": [[key, *(dims[column] for column in by)] for key, dims in enumerate(keys) if dims is not None],
            "values": {name: list(map(_plain, said)) for name, said in zip(names, values, strict=True)},
            "books": {name: _dumped(lines) for name, lines in zip(names, books, strict=True)},
            "pending": {name: _dumped(lines) for name, lines in zip(names, pending, strict=True)},
        }
        return meta | counts, buffers

    return made


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
