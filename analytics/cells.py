"""The state of a grid: panes x keys cells, each with its event count, a dirty mark and one cell of every measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.aggregates import Aggregates, Trace
from analytics.arrays import Bools, Ints, Reading
from analytics.frame import Frame
from analytics.keys import KeyTable
from analytics.measures import Measure
from analytics.measures.distinct import Distinct
from analytics.measures.measure import over
from analytics.measures.tracker import Tracker
from analytics.panes import PanePool, distinct
from analytics.plan import OTHERS_PAIRS, GridPlan
from analytics.snapshot import under
from analytics.stretches import Stretches

__all__ = ["Cells"]


class Cells:
    """All cells of one grid. Slots beyond the pool's belong to the coarser resolutions."""

    def __init__(self, plan: GridPlan) -> None:
        self.plan = plan
        self.keys = KeyTable(plan.by, plan.max_keys)
        self.width = self.keys.width
        tiers = len(plan.tiers) if plan.window.tumbling else 0
        # All but the stretches, whose slots lie behind them.
        self.slots = plan.panes + tiers
        self.pool = PanePool(plan.panes, plan.spare)
        # A window has a row for a key if some event of it was counted there.
        self.aggregates = Aggregates(plan, self.slots, self.width, plan.stretches)
        # The coarser ones that tumbling windows are added up to are read as well.
        longest = max([plan.window.longest, *(ms for ms, _ in plan.tiers if plan.window.tumbling)])
        for measure in self.aggregates.own.values():
            measure.bound(longest)
        self.stretches = Stretches(self.pool, self.slots, plan.stretches, self.aggregates.fold)
        self.dirty: Bools = np.zeros(self.slots * self.width, np.bool_)
        # Panes with events since the last `clean`.
        self.touched: set[int] = set()
        # Panes besides their own that the events of the last `apply` changed.
        self.moved: list[int] = []
        # Distinct combinations without a key of their own, per pane.
        self.others = Distinct(self.slots, 1, OTHERS_PAIRS) if plan.by else None

    def state(self) -> dict[str, Measure]:
        """All measures with state, by its name."""
        named = self.aggregates.state()
        if self.others is not None:
            named["#others"] = self.others
        return named

    def panes_of(self, frame: Frame) -> Ints:
        """The pane of each event by its time."""
        axis = self.plan.geometry.axis
        panes: Ints = frame.keep(("panes", axis.key), lambda: axis.numbers(frame.timestamp))
        return panes

    def apply(self, frame: Frame, index: Ints | None, panes: Ints | None = None) -> Ints:
        """Count the events in `index`, None for all, in the given panes or those of their times; returns their cells.

        There must be room for the panes.
        """
        every = self.panes_of(frame)
        self.moved = []
        if index is None:
            cells = self._slots(every, frame.keep(("present", self.plan.geometry.axis.key), lambda: distinct(every)))
        else:
            panes = every[index] if panes is None else panes
            cells = self._slots(panes, distinct(panes))
        if self.width > 1:
            cells *= self.width
            keys = self.keys.resolve(frame, index)
            cells += keys if index is None else keys[index]
        self.dirty[cells] = True
        self._count(frame, index, cells)
        for measure in self.aggregates.track(frame, index, cells):
            self.dirty[measure.moved] = True
            self.moved += measure.moved_panes()
        self.touched.update(self.moved)
        self.stretches.forget(self.moved)
        return cells

    def _count(self, frame: Frame, index: Ints | None, cells: Ints) -> None:
        if self.keys.overflows:
            self._count_others(frame, cells, index)
        self.aggregates.add(frame, index, cells)

    def keys_of(self, frame: Frame, index: Ints) -> Ints:
        """The key of each of these events; those that are new are taken in, in order of arrival."""
        return self.keys.resolve(frame, index)[index] if self.width > 1 else np.zeros(len(index), np.int64)

    def count(self, frame: Frame, index: Ints, panes: Ints, keys: Ints) -> Ints:
        """As `apply` for events whose keys are known, but without the measures that remember users."""
        cells = self._slots(panes, distinct(panes))
        if self.width > 1:
            cells = cells * self.width + keys
        self.dirty[cells] = True
        self._count(frame, index, cells)
        return cells

    def take(self, trace: Trace, start: int, stop: int) -> list[int]:
        """Count some steps of a trace; returns the panes that they changed."""
        cells = trace.measure.take_steps(trace.steps.part(slice(start, stop)))
        panes = trace.measure.panes_of(cells)
        self.dirty[cells] = True
        self.touched.update(panes)
        self.stretches.forget(panes)
        return panes

    def _slots(self, panes: Ints, present: list[int]) -> Ints:
        """The slot of each event; panes that are not open yet are opened."""
        slots = [self.pool.slot(pane) if pane in self.pool else self._open(pane) for pane in present]
        self.touched.update(present)
        self.stretches.forget(present)
        if len(present) == 1:
            return np.full(len(panes), slots[0], np.int64)
        low, high = present[0], present[-1]
        if high - low < 4_096:
            table = np.zeros(high - low + 1, np.int64)
            table[np.array(present) - low] = slots
            return table[panes - low]
        return np.array(slots, np.int64)[np.searchsorted(np.array(present), panes)]

    def _open(self, pane: int) -> int:
        slot = self.pool.open(pane)
        self.open_slot(slot, pane)
        return slot

    def open_slot(self, slot: int, pane: int) -> None:
        """A slot starts to hold a pane, or, with a number that no pane has, a part of a coarser window."""
        for measure in self.aggregates.own.values():
            measure.open(slot, pane)
        if self.others is not None:
            self.others.open(slot, pane)

    def clear_slot(self, slot: int) -> None:
        """Empty a slot."""
        for measure in self.state().values():
            measure.clear(slot)
        self.dirty[slot * self.width : (slot + 1) * self.width] = False

    def close(self, pane: int) -> None:
        """Forget a pane."""
        self.clear_slot(self.pool.close(pane))
        self.touched.discard(pane)
        self.stretches.forget((pane,))

    def settle(self, earliest: int) -> None:
        """Events before `earliest` are not taken any more: what only they could have changed may be forgotten."""
        for measure in self.aggregates.own.values():
            if isinstance(measure, Tracker):
                measure.settle(earliest)

    def _count_others(self, frame: Frame, cells: Ints, index: Ints | None) -> None:
        over = (cells % self.width == self.keys.max_keys).nonzero()[0]
        if not over.size or self.others is None:
            return
        events = over if index is None else index[over]
        self.others.add_hashes(cells[over] // self.width, self.keys.hashes(frame, events))

    def present(self, slots: Ints) -> Ints:
        """Keys that have events in these slots, ascending."""
        table, slots = self.aggregates.events, self._rows(slots)
        return np.flatnonzero(table[slots[0]] if len(slots) == 1 else np.add.reduce(table[slots]))

    def changed(self, slots: Ints) -> Ints:
        """Keys with events in these slots since the last `clean`, ascending."""
        dirty = self.dirty.reshape(self.slots, self.width)
        if len(slots) == 1:
            return np.flatnonzero(dirty[slots[0]])
        asked = np.zeros(self.slots, np.bool_)
        asked[slots] = True
        here = self.pool.slots([pane for pane in self.touched if pane in self.pool])
        here = here[asked[here]]
        return np.flatnonzero(dirty[here[0]] if len(here) == 1 else dirty[here].any(axis=0))

    def clean(self) -> None:
        """Nothing is dirty any more."""
        for pane in self.touched:
            slot = self.pool.slot(pane)
            self.dirty[slot * self.width : (slot + 1) * self.width] = False
        self.touched.clear()

    def read(self, slots: Ints, keys: Ints) -> list[Reading]:
        """What every aggregate says of the union of these slots, for these keys."""
        return self.aggregates.read(slots, keys, self._rows(slots))

    def read_after(self, slots: Ints, keys: Ints, of: Ints, added: Mapping[Measure, Ints]) -> list[Reading]:
        """The same for each of `of`, which says which of `keys` it is, when this has been added to the counts."""
        return self.aggregates.read_after(slots, keys, of, added, self._rows(slots))

    def _rows(self, slots: Ints) -> Ints:
        return self.stretches.rows(slots, self.touched)

    def others_in(self, slots: Ints) -> int | None:
        """How many keys the overflow row of these slots stands for; None where there is none."""
        if self.others is None:
            return None
        return int(self.others.read(slots, np.zeros(1, np.int64)).values[0]) or None

    def gather(self, panes: list[int], target: int) -> None:
        """Add panes to another one, which is opened if need be, and close them."""
        slot = self.pool.slot(target) if target in self.pool else self._open(target)
        sources = self.pool.slots(panes)
        self.merge(sources, slot)
        if not self.touched.isdisjoint(panes):
            dirty = self.dirty.reshape(self.slots, self.width)
            dirty[slot] |= dirty[sources].any(axis=0)
            self.touched.add(target)
        for pane in panes:
            self.close(pane)

    def merge(self, sources: Ints, target: int) -> None:
        """Add slots to another one."""
        for measure in self.state().values():
            measure.merge(sources, target)

    def freeze(self, slots: Ints) -> Callable[[], dict[str, NDArray[Any]]]:
        """State of these slots as of now; calling it makes named buffers of it, in any thread."""
        frozen = {key: measure.freeze(slots, self._used_keys(measure)) for key, measure in self.state().items()}
        dirty = over(self.dirty.reshape(self.slots, self.width), slots, self._used_keys())

        def make() -> dict[str, NDArray[Any]]:
            made = {f"{key}/{name}": array for key, freeze in frozen.items() for name, array in freeze().items()}
            return made | {"#dirty": dirty}

        return make

    def _used_keys(self, measure: Measure | None = None) -> Ints:
        """The keys that can have events; a measure without keys has one."""
        if self.width == 1 or (measure is not None and measure is self.others):
            return np.zeros(1, np.int64)
        return np.append(np.arange(len(self.keys.dims)), self.keys.max_keys)

    def load(self, slots: Ints, buffers: Mapping[str, NDArray[Any]]) -> None:
        """Put a dump into as many open slots; measures that it does not know stay empty."""
        for key, measure in self.state().items():
            part = under(buffers, f"{key}/")
            if part:
                measure.load(slots, self._used_keys(measure), part)
        self.dirty.reshape(self.slots, self.width)[np.ix_(slots, self._used_keys())] = buffers["#dirty"]

    def restore_panes(self, panes: Sequence[int]) -> Ints:
        """Open these panes; returns their slots."""
        slots = [self._open(pane) for pane in panes]
        return np.array(slots, np.int64)

    def notes(self) -> dict[str, int]:
        """What the bounds of the measures cost, summed up."""
        return self.aggregates.notes()
