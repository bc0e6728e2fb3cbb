"""State of session windows to and from a snapshot.

Which cell a session has depends on when those before it were written down. So a snapshot numbers them anew: keys in
order of their dims, sessions by key and time, rows by end. Equal sessions make equal bytes, however their events came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.names import dims_key
from analytics.packed import from_snapshot, in_snapshot
from analytics.sessions.grid import SessionGrid
from analytics.sessions.lines import Lines, as_column, in_order, joined, plain_values

__all__ = ["freeze_sessions", "load_sessions"]

COLUMNS = ("kinds", "revs", "ends", "errors")


def freeze_sessions(grid: SessionGrid) -> Callable[[], tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """A copy of the state; calling it makes JSON-able values and buffers of it, in any thread.

    What was said is shared, as are dims: they are never written.
    """
    grid.settle()
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
    keys = grid.keys.dims.tolist()
    values = [said.dump_values(cells) for said in speaker.said]
    per_session = [name for name in buffers if name.startswith(("#said/", "#first", "#last", "#final"))]
    books = [book.lines() for book in speaker.books]
    pending = [joined(parts) if parts else None for parts in speaker.pending]

    def made() -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        used = sorted((key for key, dims in enumerate(keys) if dims is not None), key=lambda key: dims_key(keys[key]))
        rank = np.zeros(len(keys), np.int64)
        rank[used] = np.arange(len(used))
        key = rank[buffers["#key"]]
        order = np.lexsort((buffers["#first"], key))
        numbers = np.zeros(len(keys), np.int64)
        numbers[cells[order]] = np.arange(len(order))
        ordered = grid.cells.renumbered(buffers, order, numbers) | {name: buffers[name][order] for name in per_session}
        meta = {
            "keys": [[number, *(keys[key][column] for column in by)] for number, key in enumerate(used)],
            "values": {
                n: [in_snapshot(said[i]) for i in order.tolist()] for n, said in zip(names, values, strict=True)
            },
            "books": {name: _dumped(lines) for name, lines in zip(names, books, strict=True)},
            "pending": {name: _dumped(lines) for name, lines in zip(names, pending, strict=True)},
        }
        return meta | counts, ordered | {"#cell": np.arange(len(order)), "#key": key[order]}

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
        speaker.said[i].load_values(cells, list(map(from_snapshot, meta["values"][name])))
        if meta["books"][name]:
            speaker.books[i].put(_lines(meta["books"][name], by))
        if meta["pending"][name]:
            speaker.pending[i].append(_lines(meta["pending"][name], by))


def _dumped(lines: Lines | None) -> list[list[Any]]:
    if lines is None:
        return []
    lines = lines.part(in_order(lines.dims, lines.ends))
    values = map(in_snapshot, plain_values(lines.values))
    numbers = (lines.kinds.tolist(), lines.revs.tolist(), lines.errors.tolist())
    each = zip(lines.dims.tolist(), lines.starts.tolist(), lines.ends.tolist(), values, *numbers, strict=True)
    return [[list(dims.values()), *line] for dims, *line in each]


def _lines(state: Sequence[Sequence[Any]], by: tuple[str, ...]) -> Lines:
    dims, starts, ends, values, kinds, revs, errors = zip(*state, strict=True)
    return Lines(
        np.fromiter((dict(zip(by, each, strict=True)) for each in dims), object, len(dims)),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        as_column(list(map(from_snapshot, values))),
        np.array(kinds, np.int8),
        np.array(revs, np.int32),
        np.array(errors, np.float64),
        np.zeros(len(dims), np.int64),
    )
