"""What was said of each open session, KPI by KPI, so that changes can be told from repetitions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import numpy as np

from analytics.arrays import Ints
from analytics.history import CORRECTION, FINAL, KINDS, PARTIAL, RETRACT
from analytics.outcome import outcome
from analytics.plan import KpiPlan, SessionPlan
from analytics.row import Row
from analytics.sessions.book import Line, SessionBook, dims_key
from analytics.sessions.cells import SessionCells
from analytics.sessions.keys import SessionKeys
from analytics.sessions.table import SessionTable

__all__ = ["Speaker"]

UNSAID: Final = -1


class Said:
    """The rows of all open sessions of one KPI as last published, by cell."""

    def __init__(self, most: int) -> None:
        self.kinds = np.full(most, UNSAID, np.int8)
        self.revs = np.zeros(most, np.int32)
        self.ends: Ints = np.zeros(most, np.int64)
        self.errors = np.zeros(most)
        self.values = np.full(most, None, object)


class Speaker:
    """Turns sessions into rows. Retracted rows are handed out once and then forgotten."""

    def __init__(self, plan: SessionPlan, keys: SessionKeys, table: SessionTable, cells: SessionCells) -> None:
        self._plan = plan
        self._keys = keys
        self._table = table
        self._cells = cells
        self.said = [Said(plan.sessions) for _ in plan.kpis]
        self.books = [SessionBook(plan.session_book(kpi)) for kpi in plan.kpis]
        # What the next `take` hands out, per KPI.
        self.pending: list[list[Line]] = [[] for _ in plan.kpis]

    def say(self, cells: Ints, causes: Ints | int = 0) -> None:
        """Write down what changed in these sessions, ascending: as final, where the table says that they are.

        `causes` are the numbers of the events that brought it.
        """
        table, n = self._table, len(cells)
        causes = np.broadcast_to(causes, n)
        readings, starts = self._cells.read(cells), table.first[cells]
        ends = table.last[cells] + table.gap
        final = table.final[cells]
        dims = self._keys.dims_of(table.key[cells])
        for i, kpi in enumerate(self._plan.kpis):
            values, errors = outcome(kpi.value, [readings[a] for a in kpi.aggregates], n, ends - starts)
            said, fresh = self.said[i], np.empty(n, object)
            fresh[:] = [None if v != v else v for v in values.tolist()]
            before = said.kinds[cells]
            now = np.where(final, np.where(before <= PARTIAL, FINAL, CORRECTION), PARTIAL)
            changed = (before == UNSAID) | (now == FINAL) | (said.ends[cells] != ends)
            changed |= said.values[cells] != fresh
            at = changed.nonzero()[0]
            if not at.size:
                continue
            where = cells[at]
            said.kinds[where], said.ends[where], said.values[where] = now[at], ends[at], fresh[at]
            said.revs[where] += now[at] == CORRECTION
            said.errors[where] = 0.0 if errors is None else errors[at]
            whose = dims if len(at) == n else [dims[k] for k in at.tolist()]
            columns = (starts[at], ends[at], fresh[at], said.kinds[where], said.revs[where], said.errors[where])
            self.pending[i] += map(Line, whose, *(column.tolist() for column in columns), causes[at].tolist())

    def retract(self, cells: Ints, cause: int = 0) -> None:
        """What was said of these sessions is not true any more: they get another start, or are part of others."""
        for i, said in enumerate(self.said):
            told = cells[said.kinds[cells] != UNSAID]
            for line in self._lines(said, told):
                self.pending[i].append(line._replace(value=None, kind=RETRACT, rev=line.rev + 1, error=0.0, at=cause))
        self.forget(cells)

    def file(self, cells: Ints) -> None:
        """These sessions close: what was said of them last is kept."""
        for said, book in zip(self.said, self.books, strict=True):
            book.put(self._lines(said, cells))
        self.forget(cells)

    def forget(self, cells: Ints) -> None:
        """Nothing has been said of these sessions."""
        for said in self.said:
            said.kinds[cells] = UNSAID
            said.revs[cells] = 0
            said.ends[cells] = 0
            said.errors[cells] = 0.0
            said.values[cells] = None

    def _lines(self, said: Said, cells: Ints) -> list[Line]:
        columns = (said.ends, said.values, said.kinds, said.revs, said.errors)
        dims, starts = self._keys.dims_of(self._table.key[cells]), self._table.first[cells].tolist()
        return list(map(Line, dims, starts, *(column[cells].tolist() for column in columns)))

    def closed(self, key: int, start: int) -> bool:
        """Whether a session of this key with this start is closed and still known."""
        dims = self._keys.dims[key]
        return dims is not None and any(book.knows(dims, start) for book in self.books)

    def take(self) -> list[tuple[int, int, str, list[Row]]]:
        """Changed rows since the last call, see `Windowing.take`."""
        taken: list[tuple[int, int, str, list[Row]]] = []
        for i, kpi in enumerate(self._plan.kpis):
            lines, self.pending[i] = self.pending[i], []
            rows = _rows(kpi, lines)
            taken += [
                (lines[run[0]].at, lines[run[0]].end, kpi.spec.name, [rows[i] for i in run])
                for run in _runs(lines, ("at", "end"))
            ]
        return taken

    def rows(self, kpi: int, start: int, end: int) -> Iterator[Row]:
        """Latest rows of the sessions that overlap [start, end), by start and dims."""
        table, said = self._table, self.said[kpi]
        cells = table.open_cells()
        cells = cells[(said.kinds[cells] != UNSAID) & (table.first[cells] < end) & (said.ends[cells] > start)]
        lines = [*self.books[kpi].overlapping(start, end), *self._lines(said, cells)]
        plan = self._plan.kpis[kpi]
        for run in _runs(lines, ("start",)):
            yield from _rows(plan, [lines[i] for i in run])


def _runs(lines: list[Line], columns: tuple[str, ...]) -> list[list[int]]:
    """Positions of lines in order of these columns, those that agree in them in one list, by dims and as they came."""
    if not lines:
        return []
    places = [np.array([getattr(line, name) for line in lines], np.int64) for name in columns]
    order = np.lexsort(places[::-1])
    changes = np.logical_or.reduce([place[order][1:] != place[order][:-1] for place in places])
    runs = [part.tolist() for part in np.split(order, changes.nonzero()[0] + 1)] if not changes.all() else None
    if runs is None:
        return [[i] for i in order.tolist()]
    for run in runs:
        if len(run) > 1:
            run.sort(key=lambda i: dims_key(lines[i].dims))
    return runs


def _rows(kpi: KpiPlan, lines: list[Line]) -> list[Row]:
    name, read = kpi.spec.name, json.loads
    return [
        Row(name, dims, start, end, read(value) if type(value) is bytes else value, KINDS[kind], rev, error or None)
        for dims, start, end, value, kind, rev, error, _ in lines
    ]
