"""Sessions into rows, KPI by KPI: what changed is said, what is not true any more is taken back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.arrays import Ints
from analytics.history import CORRECTION, FINAL, PARTIAL, RETRACT
from analytics.outcome import outcome
from analytics.outlet import Load
from analytics.passing import PIECE, handed_bytes
from analytics.plan import SessionPlan
from analytics.row import Row
from analytics.sessions.book import SessionBook
from analytics.sessions.cells import SessionCells
from analytics.sessions.keys import SessionKeys
from analytics.sessions.lines import Lines, in_order, joined
from analytics.sessions.said import UNSAID, Said
from analytics.sessions.table import SessionTable
from analytics.told import Told

__all__ = ["Speaker"]


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
        self.pending: list[list[Lines]] = [[] for _ in plan.kpis]
        self.load = Load()
        self.row_bytes = [handed_bytes(plan, kpi) for kpi in plan.kpis]

    def say(self, cells: Ints, causes: Ints | int = 0) -> None:
        """Write down what changed in these sessions, ascending: as final, where the table says that they are.

        `causes` are the numbers of the events that brought it.
        """
        causes = np.broadcast_to(causes, len(cells))
        for start in range(0, len(cells), PIECE):
            self._say(cells[start : start + PIECE], causes[start : start + PIECE])

    def _say(self, cells: Ints, causes: Ints) -> None:
        table, n = self._table, len(cells)
        readings, starts = self._cells.read(cells), table.first[cells]
        ends = table.last[cells] + table.gap
        final = table.final[cells]
        dims = self._keys.dims_of(table.key[cells])
        for i, kpi in enumerate(self._plan.kpis):
            values, errors = outcome(kpi.value, [readings[a] for a in kpi.aggregates], n, ends - starts)
            said = self.said[i]
            fresh = said.fit(values)
            before = said.kinds[cells]
            now = np.where(final, np.where(before <= PARTIAL, FINAL, CORRECTION), PARTIAL).astype(np.int8)
            changed = (before == UNSAID) | (now == FINAL) | (said.ends[cells] != ends) | said.differs(cells, fresh)
            at = changed.nonzero()[0]
            if not at.size:
                continue
            where, kinds = cells[at], now[at]
            revs = said.revs[where] + (kinds == CORRECTION)
            error = np.zeros(len(at)) if errors is None else errors[at]
            lines = Lines(dims[at], starts[at], ends[at], fresh[at], kinds, revs, error, causes[at])
            said.kinds[where], said.ends[where], said.values[where] = kinds, lines.ends, lines.values
            said.revs[where], said.errors[where] = revs, error
            self._wait(i, lines)

    def _wait(self, kpi: int, lines: Lines) -> None:
        self.pending[kpi].append(lines)
        self.load.add(self.row_bytes[kpi] * lines.n, int(lines.ends.max()))

    def retract(self, cells: Ints, cause: int = 0) -> None:
        """What was said of these sessions is not true any more: they get another start, or are part of others."""
        for i, said in enumerate(self.said):
            told = cells[said.kinds[cells] != UNSAID]
            n = len(told)
            if n:
                lines = self._lines(said, told)
                kinds, nulls = np.full(n, RETRACT, np.int8), np.full(n, None, object)
                gone = lines._replace(
                    values=nulls, kinds=kinds, revs=lines.revs + 1, errors=np.zeros(n), at=np.full(n, cause)
                )
                self._wait(i, gone)
        self._forget(cells)

    def file(self, cells: Ints) -> None:
        """These sessions close: what was said of them last is kept."""
        for said, book in zip(self.said, self.books, strict=True):
            book.put(self._lines(said, cells))
        self._forget(cells)

    def _forget(self, cells: Ints) -> None:
        for said in self.said:
            said.forget(cells)

    def _lines(self, said: Said, cells: Ints) -> Lines:
        return Lines(
            self._keys.dims_of(self._table.key[cells]),
            self._table.first[cells],
            said.ends[cells],
            said.values[cells],
            said.kinds[cells],
            said.revs[cells],
            said.errors[cells],
            np.zeros(len(cells), np.int64),
        )

    def closed(self, key: int, start: int) -> bool:
        """Whether a session of this key with this start is closed and still known."""
        dims = self._keys.dims[key]
        return dims is not None and any(book.knows(dims, start) for book in self.books)

    def take(self) -> list[Told]:
        """Changed rows since the last call, see `Windowing.take`."""
        taken = []
        self.load.clear()
        for i, kpi in enumerate(self._plan.kpis):
            parts, self.pending[i] = self.pending[i], []
            if parts:
                lines = joined(parts)
                lines = lines.part(in_order(lines.dims, lines.at, lines.ends))
                taken.append(Told(kpi.spec.name, lines.rows(kpi.spec.name), lines.at, lines.ends))
        return taken

    def rows(self, kpi: int, start: int, end: int) -> Iterator[Row]:
        """Latest rows of the sessions that overlap [start, end), by start and dims."""
        table, said = self._table, self.said[kpi]
        cells = table.open_cells()
        cells = cells[(said.kinds[cells] != UNSAID) & (table.first[cells] < end) & (said.ends[cells] > start)]
        parts = self.books[kpi].overlapping(start, end)
        if cells.size:
            parts.append(self._lines(said, cells))
        if parts:
            lines, name = joined(parts), self._plan.kpis[kpi].spec.name
            order = in_order(lines.dims, lines.starts)
            for at in range(0, len(order), PIECE):
                yield from lines.part(order[at : at + PIECE]).rows(name)
