"""A measure that knows which values were seen in each of its cells, by their hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Words
from analytics.measures.marks import marks_of
from analytics.measures.measure import Arrays, Takes
from analytics.measures.paned import VACANT, Paned
from analytics.measures.sightings import Sightings

__all__ = ["Valued"]


class Valued(Paned):
    """Cells with sets of values: at most `most` values, the same in several panes counted once."""

    takes: ClassVar[Takes] = "hash"

    def __init__(self, slots: int, keys: int, parameter: int, most: int) -> None:
        super().__init__(slots, keys, parameter)
        self._seen = Sightings(self._pane_of, keys, most, self._slots_of, self._matter)

    @staticmethod
    def values_budget(slots: int, values: int, pairs: int) -> int:
        """Bytes at worst of so many values, which are in so many cells altogether."""
        return Sightings.budget(slots, values, pairs)

    def _see(self, cells: Ints, hashes: Words) -> Ints:
        """Values were seen in cells: the positions of those that are new there, each once."""
        slots = cells // self.keys
        return self._seen.see(self._pane_of.take(slots), self._row_keys(cells, slots), hashes)

    def _take_out(self, cells: Ints) -> tuple[Ints, Words]:
        """Forget the values of these cells, which get no others: the cell of each and its hash."""
        slots = cells // self.keys
        present = np.unique(slots)
        parts = [(int(self._pane_of[slot]), self._row_keys(cells[slots == slot])) for slot in present.tolist()]
        places, keys, hashes = self._seen.take_out(parts)
        return present[places] * self.keys + keys % self.keys, hashes

    def _pairs_of(self, slots: Ints) -> tuple[Ints, Words]:
        """The values in these slots: cells and hashes. Cost: as many as there are."""
        places, keys, hashes = self._seen.pairs(self._pane_of[slots].tolist())
        matter = self._matter(keys)
        if not matter.all():
            places, keys, hashes = places[matter], keys[matter], hashes[matter]
        return slots[places] * self.keys + keys % self.keys, hashes

    def clear(self, slot: int) -> None:
        if self._pane_of[slot] != VACANT:
            self._seen.close(slot, int(self._pane_of[slot]))
        super().clear(slot)

    def _dump_values(self, slots: Ints) -> Arrays:
        """The values of each key, once; of each slot how many there are, and which."""
        keys, hashes, members = self._seen.listed(self._pane_of[slots].tolist())
        sizes = np.array([len(part) for part in members], np.int64)
        listed = np.concatenate([np.zeros(0, np.int32), *members])
        return {"value_keys": keys, "values": hashes, "sizes": sizes, "members": listed}

    @classmethod
    def renumbered(cls, state: Arrays, order: Ints, numbers: Ints) -> Arrays:
        keys, hashes = numbers[state["value_keys"]], state["values"]
        by = marks_of(keys, hashes).argsort()  # of the only slot all of them are members
        return super().renumbered(state, order, numbers) | {"value_keys": keys[by], "values": hashes[by]}

    def _loaded_values(self, slots: Ints, state: Mapping[str, NDArray[Any]]) -> Iterator[tuple[Ints, Words]]:
        """What `_dump_values` gave, as cells and hashes, a pane at a time and older ones first."""
        ends = np.cumsum(state["sizes"])
        for i in self._pane_of[slots].argsort().tolist():
            members = state["members"][ends[i] - state["sizes"][i] : ends[i]]
            if len(members):
                yield slots[i] * self.keys + state["value_keys"][members], state["values"][members]
