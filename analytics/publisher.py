"""Rows of one grid: what its windows say, what was said before, and what is kept of the past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from analytics.arrays import Ints, Reading
from analytics.cells import Cells
from analytics.history import FINAL, PARTIAL, RECORD_BYTES, Book, Record, Span, Values
from analytics.outcome import outcome
from analytics.outlet import Load
from analytics.packed import plain_each
from analytics.panes import COARSE
from analytics.passing import handed_bytes
from analytics.plan import GridPlan
from analytics.row import Row
from analytics.time import BEGINNING
from analytics.told import Told

__all__ = ["Block", "Publisher"]


class Block(NamedTuple):
    """Changed rows of one window of one KPI, to be handed out at the next `advance`."""

    kpi: int
    record: Record
    at: int | Ints = 0
    """Number of the event that brought it, where such are kept: blocks are handed out in this order first.

    Or the number of each row, ascending.
    """


class Publisher:
    """Turns windows into records and changed records into rows."""

    def __init__(self, plan: GridPlan, cells: Cells) -> None:
        self.plan = plan
        self.cells = cells
        # Windows that end later have not been shown yet, though they may have events.
        self.published_to = BEGINNING
        # What the next `advance` hands out, and how much that and `coarse` are.
        self.pending: list[Block] = []
        self.load = Load()
        self.row_bytes = [handed_bytes(plan, kpi) for kpi in plan.kpis]
        # Coarser windows of tumbling ones, complete since they were last asked for.
        self.coarse: list[Block] = []
        # What new blocks are stamped with.
        self.at = 0
        # Per KPI its books, the grid's own resolution first.
        self.books = [[Book(*book) for book in plan.books(kpi)] for kpi in plan.kpis]
        # Per tier the coarse window that is being filled; None: none.
        self.filling: list[int | None] = [None] * len(plan.tiers)
        # What the bounds of the measures had cost when open windows were written down last.
        self._noted: dict[str, int] | None = None
        # Panes of the window that became final last, and what they said.
        self._last: tuple[list[int], _Reading] | None = None

    # -- windows

    def finish(self, end: int, *, unchanged: bool = False) -> None:
        """The window is final: write all of its rows down as they are now.

        `unchanged`: nothing was counted since the last call, so if this window has the same panes it is not read again.
        """
        start, ms = self.plan.geometry.start(end), self.plan.geometry.axis.ms
        span, panes = (ms(start), ms(end)), self.cells.pool.between(start, end)
        values: Iterable[Values] | None = self._shown(span, panes)
        if values is not None:
            self._last = None
        else:
            if not (unchanged and self._last and self._last[0] == panes):
                slots = self.cells.pool.slots(panes)
                self._last = panes, self._read(slots, self.cells.present(slots))
            values = self._say(self._last[1], ms(end) - ms(start))
        for i, said in enumerate(values):
            record = Record(*span, said, FINAL)
            self.books[i][0].put(record)
            self._wait(self.pending, Block(i, record.copy(), self.at))

    def _shown(self, span: Span, panes: list[int]) -> list[Values] | None:
        """What was said of an open window, if that is still right: nothing was counted in its panes since, and nowhere
        was anything forgotten. Late events mostly leave it a tick's time before it is final.
        """
        records = [record for books in self.books if (record := books[0].records.get(span)) is not None]
        if len(records) < len(self.books) or not self.cells.touched.isdisjoint(panes):
            return None
        if self._noted != self.cells.notes() or any(record.others is not None for record in records):
            return None
        present = self.cells.present(self.cells.pool.slots(panes))
        if not all(np.array_equal(record.keys, present) for record in records):
            return None
        return [Values(record.keys, record.values, record.errors, None) for record in records]

    def shown(self) -> None:
        """All open windows that were to be shown are written down as they are now."""
        self._noted = self.cells.notes()

    def correct(self, end: int, keys: Ints | None = None) -> None:
        """Events came into a window that is final: write down which rows changed; `keys` holds those, if known."""
        slots = self._slots(end)
        self._update(end, slots, self.cells.changed(slots) if keys is None else keys, final=True)

    def show(self, end: int, *, everything: bool) -> None:
        """Write down the changed rows of an open window, or all of them when it was not shown before."""
        slots = self._slots(end)
        keys = self.cells.present(slots) if everything else self.cells.changed(slots)
        self._update(end, slots, keys, final=False)

    def said(self, end: int, keys: Ints) -> list[Record] | None:
        """What was said of a window, KPI by KPI; None: not all of these keys have a row."""
        span = self.plan.geometry.axis.ms(self.plan.geometry.start(end)), self.plan.geometry.axis.ms(end)
        records = [books[0].records.get(span) for books in self.books]
        known = [record for record in records if record is not None and record.knows(keys)]
        return known if len(known) == len(records) else None

    def _update(self, end: int, slots: Ints, keys: Ints, *, final: bool) -> None:
        if not keys.size:
            return
        span = self.plan.geometry.axis.ms(self.plan.geometry.start(end)), self.plan.geometry.axis.ms(end)
        for i, said in enumerate(self._say(self._read(slots, keys), span[1] - span[0])):
            book = self.books[i][0]
            record = book.records.get(span)
            if record is None:
                record = Record(*span, said, FINAL if final else PARTIAL)
                book.put(record)
                changed: Record | None = record.copy()
            else:
                changed = record.update(said, final=final)
                if changed is not None:
                    book.put(record)
            if changed is not None:
                self._wait(self.pending, Block(i, changed, self.at))

    def _wait(self, blocks: list[Block], block: Block) -> None:
        blocks.append(block)
        self.load.add(RECORD_BYTES + self.row_bytes[block.kpi] * len(block.record), block.record.end)

    def _slots(self, end: int) -> Ints:
        pool = self.cells.pool
        return pool.slots(pool.between(self.plan.geometry.start(end), end))

    def _read(self, slots: Ints, keys: Ints) -> _Reading:
        others = self.cells.others_in(slots) if keys.size and keys[-1] == self.plan.max_keys else None
        return _Reading(keys, self.cells.read(slots, keys), others)

    def _say(self, read: _Reading, ms: int) -> Iterator[Values]:
        for kpi in self.plan.kpis:
            values, errors = outcome(kpi.value, [read.readings[i] for i in kpi.aggregates], len(read.keys), ms)
            yield Values(read.keys, values, errors, read.others)

    # -- the past

    def retire(self, panes: list[int]) -> None:
        """These panes are closed: add them to the coarser windows and give their slots back."""
        if self.plan.window.tumbling and self.filling:
            ms = self.plan.geometry.axis.ms
            self._fill(0, [(ms(pane), self.cells.pool.slot(pane)) for pane in panes])
        for pane in panes:
            self.cells.close(pane)
        self.trim(self.plan.geometry.axis.ms(self.plan.geometry.last_end(panes[-1])))

    def trim(self, closed_to: int) -> None:
        """Drop what is too much of the past; windows that end by then are closed."""
        for books in self.books:
            if not self.plan.window.tumbling:
                self._thin(books, closed_to)
            books[0].trim(closed_to)

    def relieve(self, closed_to: int) -> None:
        """`trim` once there is too much. Cost: a look."""
        if any(books[0].full for books in self.books):
            self.trim(closed_to)

    def _thin(self, books: list[Book], closed_to: int) -> None:
        """Coarser resolutions of sliding and cumulative windows are some of them, every so much time one."""
        for book in books[1:]:
            newest = book.newest()
            for span in books[0].records.irange(newest, inclusive=(False, True)):
                if span[1] > closed_to:
                    break
                if self._is_coarse(span, book.width):
                    book.put(books[0].records[span])
            book.trim(closed_to)

    def _is_coarse(self, span: Span, width: int) -> bool:
        """Whether a window is kept at a coarser resolution: by its start; a step by its length, or as a day's last."""
        if not self.plan.window.cumulative:
            return span[0] % width == 0
        axis = self.plan.geometry.axis
        end = axis.number(span[1])
        return (span[1] - span[0]) % width == 0 or axis.period(end)[0] == end

    def _tier_slot(self, tier: int) -> int:
        return self.plan.panes + tier

    def _fill(self, tier: int, parts: list[tuple[int, int]]) -> None:
        """Merge closed (start, slot) parts, ascending, into the coarse windows of a tier."""
        width, place = self.plan.tiers[tier][0], 0
        while place < len(parts):
            window = parts[place][0] // width
            stop = place
            while stop < len(parts) and parts[stop][0] // width == window:
                stop += 1
            if self.filling[tier] != window:
                self._close_tier(tier)
                self.filling[tier] = window
                self.cells.open_slot(self._tier_slot(tier), tier_number(tier, window))
            self.cells.merge(np.array([slot for _, slot in parts[place:stop]], np.int64), self._tier_slot(tier))
            place = stop

    def _close_tier(self, tier: int) -> None:
        """A coarse window is complete: keep its values, pass its state on to the next tier."""
        window = self.filling[tier]
        if window is None:
            return
        width, slot = self.plan.tiers[tier][0], self._tier_slot(tier)
        slots = np.array([slot], np.int64)
        for i, said in enumerate(self._say(self._read(slots, self.cells.present(slots)), width)):
            book, record = self.books[i][tier + 1], Record(window * width, (window + 1) * width, said, FINAL)
            book.put(record)
            self._wait(self.coarse, Block(i, record))
            book.trim((window + 1) * width)
        self.filling[tier] = None
        if tier + 1 < len(self.filling):
            self._fill(tier + 1, [(window * width, slot)])
        self.cells.clear_slot(slot)

    def close_tiers(self, closed_to: int) -> None:
        """Complete the coarse windows that end by then."""
        for tier, window in enumerate(self.filling):
            width = self.plan.tiers[tier][0]
            if window is not None and (window + 1) * width <= closed_to:
                self._close_tier(tier)

    # -- rows

    def take(self) -> list[Block]:
        """What changed since the last call, in order of change."""
        blocks, self.pending = self.pending, []
        self.load.clear()
        return blocks

    def told(self, block: Block) -> Told:
        """A block as rows: in order of dims, or as they are where each has its event."""
        end, each = block.record.end, isinstance(block.at, np.ndarray)
        rows = list(self.rows(block.kpi, block.record, in_order=each))
        return Told(self.plan.kpis[block.kpi].spec.name, rows, block.at, np.full(len(rows), end) if each else end)

    def rows(self, kpi: int, record: Record, *, in_order: bool = False) -> Iterator[Row]:
        """A record as it is now as rows, in order of dims, or as they are; about 1 us each."""
        keys, table, rows = record.keys, self.cells.keys, len(record)
        if rows > 1 and not in_order:
            order = table.ranks()[keys].argsort()
            record, keys = record.part(order), keys[order]
        errors = repeat(None) if record.errors is None else [e or None for e in record.errors.tolist()]
        others: Any = repeat(None)
        if record.others is not None and table.by:
            others = [record.others if key == table.max_keys else None for key in keys.tolist()]
        columns = (
            repeat(self.plan.kpis[kpi].spec.name, rows),
            table.dims_of_all(keys),
            repeat(record.start),
            repeat(record.end),
            plain_values(record),
            record.kind_names(),
            record.revs.tolist(),
            errors,
            others,
        )
        # Row(*fields) without a Python call for each.
        return map(tuple.__new__, repeat(Row), zip(*columns, strict=False))

    def kept(self, kpi: int, start: int, end: int, resolutions: int | None = None) -> Iterator[Record]:
        """Records that overlap [start, end), ascending: the finest resolution that is kept for each stretch.

        `resolutions`: only so many of them, the finest ones.
        """
        parts: list[list[Record]] = []
        upto: tuple[int, ...] = (end,)
        window = self.plan.window
        for i, book in enumerate(self.books[kpi][:resolutions]):
            if upto[-1 if window.cumulative else 0] <= start:
                break
            size = book.width if window.tumbling and i else window.longest
            found = [r for r in book.overlapping(start, upto[0] + window.cumulative, size) if (r.start, r.end) < upto]
            if window.tumbling and i and found and found[-1].end > upto[0]:
                # It reaches into the stretch that the finer resolution still has a part of, which gives way.
                parts[-1] = [record for record in parts[-1] if record.start >= found[-1].end]
            parts.append(found)
            oldest = book.oldest()
            upto = upto if oldest is None else min(upto, oldest)
        for part in reversed(parts):
            yield from part


class _Reading(NamedTuple):
    """What the cells say of a window for some keys."""

    keys: Ints
    readings: list[Reading]
    others: int | None


def tier_number(tier: int, window: int) -> int:
    """A number for the slot of a coarse window that no pane and no other coarse window has."""
    return COARSE - (window * 4 + tier)


def plain_values(record: Record) -> list[Any]:
    """Values as JSON has them."""
    values: list[Any] = record.values.tolist()
    if record.values.dtype == np.float64 and np.isnan(record.values).any():
        return [None if v != v else v for v in values]
    return plain_each(values) if record.values.dtype == object else values
