"""Rows of windows that are over, as a query finds them: by KPI, by resolution, window after window.

A row is known by (series, level, start, mark, dims). The series is one definition of one KPI: a changed one is another
series and never meets the rows of the old. Levels are resolutions: 0 finer than 10 s, 1 finer than 60 s, 2 the rest.
`mark` is the end where windows share their start, else 0.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from gateway.store.faults import translate
from gateway.store.schema import open_reader

__all__ = ["LEVELS", "Asked", "Page", "StoredRow", "read_page"]

LEVELS: Final = (1_000, 10_000, 60_000)
"""Milliseconds that a level stands for; the first for all that is finer than the second."""

_EVER: Final = 1 << 62

_PART: Final = (
    'SELECT start, mark, "end", dims, body FROM history WHERE series = ? AND level = ?'
    ' AND start >= ? AND start < ? AND "end" > ? AND (start > ? OR mark >= ?)'
)
_ONE: Final = _PART + " AND mark = ?"


class StoredRow(NamedTuple):
    """One row. `dims` and `body` are what was kept, unread."""

    start: int
    mark: int
    end: int
    dims: bytes
    body: bytes


class Asked(NamedTuple):
    """What a page is asked for."""

    series: int
    levels: Sequence[int]
    """Finest first."""
    nested: bool
    """The rows of a coarser level sum up those of the finer ones, so that one level answers for each stretch of time;
    otherwise all levels are of the same kind of rows."""
    start: int
    end: int
    """Windows that overlap [start, end)."""
    longest: int | None
    """No window lasts longer, in ms; None: any length."""
    after: tuple[int, int]
    """Begin with this window, by (start, mark)."""
    limit: int
    """Whole windows up to about so many rows; one window at least."""


class Page(NamedTuple):
    """Rows in order of (start, mark), those of one window in no order."""

    rows: list[StoredRow]
    following: tuple[int, int] | None
    """The window that the next page begins with; None: there is none."""
    finest_from: int
    """From here on the finest level is whole; before, windows of coarser ones stand in for it."""


class _Layer(NamedTuple):
    level: int
    low: int
    high: int


def read_page(file: Path, asked: Asked) -> Page:
    """Rows on disk, on a connection of its own, in the caller's thread. About 2 us a row.

    Raises:
        StorageError: the file cannot be read.
    """
    connection = open_reader(file)
    try:
        connection.execute("BEGIN")  # one view of rows and edges, while the writer may trim
        layers = _layers(connection, asked)
        rows = _select(connection, asked, layers, asked.limit + 1)
        following = None
        if len(rows) > asked.limit:
            # The last window may not be whole: it is the next page's, unless it is all there is.
            last = rows[-1][:2]
            if rows[0][:2] == last:
                one = asked._replace(after=last)
                rows = _select(connection, one, layers, -1, only=last)
                more = _select(connection, asked._replace(after=(last[0], last[1] + 1)), layers, 1)
                following = more[0][:2] if more else None
            else:
                rows = [row for row in rows if row[:2] != last]
                following = last
    except sqlite3.Error as error:
        raise translate(error, file) from error
    finally:
        connection.close()
    return Page(rows, following, layers[0].low)


def _layers(connection: sqlite3.Connection, asked: Asked) -> list[_Layer]:
    """Which level answers for which starts."""
    if not asked.nested:
        return [_Layer(level, -_EVER, _EVER) for level in asked.levels]
    row = connection.execute("SELECT gone_0, gone_1 FROM series WHERE series = ?", (asked.series,)).fetchone()
    gone: tuple[int | None, ...] = (*row, None) if row else (None, None, None)
    layers, high = [], _EVER
    for i, level in enumerate(asked.levels):
        edge, low = gone[level], -_EVER
        if edge is not None and i + 1 < len(asked.levels):
            # A window of the next level that has lost a part of its finer ones stands for all of them.
            width = LEVELS[asked.levels[i + 1]]
            low = min((edge // width + 1) * width, high)
        layers.append(_Layer(level, low, high))
        high = low
    return layers


def _select(
    connection: sqlite3.Connection,
    asked: Asked,
    layers: list[_Layer],
    limit: int,
    only: tuple[int, int] | None = None,
) -> list[StoredRow]:
    least = -_EVER if asked.longest is None else asked.start - asked.longest + 1
    parts, values = [], list[int]()
    for layer in layers:
        low, high = max(layer.low, least, asked.after[0]), min(layer.high, asked.end)
        if only is not None:
            high = min(high, only[0] + 1)
        if low < high:
            parts.append(_PART if only is None else _ONE)
            values += [asked.series, layer.level, low, high, asked.start, *asked.after]
            values += [only[1]] if only is not None else []
    if not parts:
        return []
    query = " UNION ALL ".join(parts) + " ORDER BY 1, 2 LIMIT ?"
    return [StoredRow(*row) for row in connection.execute(query, (*values, limit))]
