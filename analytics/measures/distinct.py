"""`uniq(x)`: distinct values, exact up to 512 per pane and key, then HyperLogLog with a stated error.

While a cell is exact it is known which 64-bit value hashes were seen in it, see `sightings.py`. The 513th value turns
the cell into 4,096 registers (precision 12), whatever order the values came in. A window over several panes is exact as
long as all of its panes are, else the merge of their registers.

Bounds: the values of all cells together and the register blocks are capped; a value of a key counts once, however many
panes hold it, and a little for each of them. When there are too many, the fullest cells become registers early; when
the blocks run out as well, a cell is saturated: it keeps the count it had as a lower bound, with an `error` of 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Floats, Ints, Reading, Words
from analytics.frame import Coded
from analytics.hyperloglog import ERROR, REGISTERS, estimate, observations
from analytics.measures.measure import Arrays, over
from analytics.measures.registers import NONE, Registers, fold
from analytics.measures.rows import TIDYING, Rows
from analytics.measures.sightings import Sightings
from analytics.measures.valued import Valued

__all__ = ["EXACT", "Distinct"]

EXACT: Final = 512
MAX_VALUES: Final = 1 << 18
"""Values of all keys, each once however many panes hold it."""
PANES: Final = 10
"""Panes that a value is in, one with another: so many times `MAX_VALUES` is the cap on what all panes hold."""
MAX_BLOCKS: Final = 4_096
MAX_PENDING: Final = 16_384
"""Values beyond EXACT that may wait for their cells' registers."""
PART: Final = 2_048
"""Values that are looked up among the exact ones at first, before it is seen whether there are too many."""
IS_EXACT: Final = -1
IS_SATURATED: Final = -2


class Distinct(Valued):
    """Number of distinct values that are not null. A `parameter` other than 0 lowers the cap on exact values.

    >>> from analytics.dictionary import Dictionary
    >>> users, names = Distinct(slots=1, keys=1), Dictionary()
    >>> users.open(0, 7)
    >>> users.add(np.zeros(3, int), Coded(names.encode(["a", "b", "a"]), names))
    >>> users.read(np.array([0]), np.array([0])).values
    array([2])
    """

    estimates = True
    placed: ClassVar[Mapping[str, tuple[str, ...]]] = {"dense": ("registers",), "saturated": ("bounds",)}

    def __init__(self, slots: int, keys: int, parameter: int = 0) -> None:
        self._max_values, self._max_pairs, max_blocks = _caps(slots, keys, parameter)
        super().__init__(slots, keys, parameter, self._max_values + MAX_PENDING)
        # Exact values of each cell; of a saturated one, how many it had.
        self._n: Ints = np.zeros(slots * keys, np.int64)
        # Register block of each cell, or IS_EXACT or IS_SATURATED.
        self._block: Ints = np.full(slots * keys, IS_EXACT, np.int64)
        self._registers = Registers(max_blocks)
        # Values in exact cells, once for each.
        self._live = 0
        # Cells with more than EXACT values that have no registers yet: many are converted at once.
        self._over: set[int] = set()
        self._pending = 0
        self._saturated = 0
        # Per key the cells that are not exact any more.
        self._rough: Ints = np.zeros(keys, np.int64)
        self._relieved = 0

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: int) -> int:
        values, pairs, blocks = _caps(slots, keys, parameter)
        cells = (16 * slots + 8) * keys + REGISTERS * blocks
        return cells + cls.values_budget(slots, values + MAX_PENDING, pairs + MAX_PENDING)

    @classmethod
    def window_budget(cls, slots: int, keys: int, parameter: int) -> int:  # noqa: ARG003
        return Sightings.window_budget(slots * keys)

    @classmethod
    def passing(cls, slots: int, keys: int, parameter: int) -> int:
        values = _caps(slots, keys, parameter)[0]
        return TIDYING * (values if values < slots * keys * EXACT else Rows.room_before(values + MAX_PENDING))

    def add(self, cells: Ints, values: Coded) -> None:
        hashes, blocks = values.hashes(), self._block[cells]
        if len(cells) and int(blocks.min()) >= 0:
            self._registers.observe(blocks, values.keep("observations", lambda: observations(hashes)))
        else:
            self.add_hashes(cells, hashes)

    def add_hashes(self, cells: Ints, hashes: Words) -> None:
        """`add` for values that are known by their hash only."""
        size = PART
        while cells.size:
            blocks = self._block[cells]
            if int(blocks.max()) >= 0:
                dense = (blocks >= 0).nonzero()[0]
                self._registers.observe(blocks[dense], observations(hashes[dense]))
            exact = blocks == IS_EXACT
            if not exact.all():
                cells, hashes = cells[exact], hashes[exact]
            self._add_exact(cells[:size], hashes[:size])
            cells, hashes = cells[size:], hashes[size:]
            if self._pending > PART // 4:  # of a few busy cells: what they get now is not looked up any more
                self._settle()
            else:
                size = MAX_PENDING

    def _add_exact(self, cells: Ints, hashes: Words) -> None:
        fresh = self._see(cells, hashes)
        if not fresh.size:
            return
        grown = cells.take(fresh)
        np.add.at(self._n, grown, 1)
        self._live += len(grown)
        over = grown[self._n.take(grown) > EXACT]
        if over.size:
            self._over.update(over.tolist())
            self._pending += len(over)
        if self._pending > MAX_PENDING or self._crowded:
            self._settle()

    @property
    def _crowded(self) -> bool:
        return self._live > self._max_pairs or self._seen.rows > self._max_values

    def _settle(self) -> None:
        """Give registers to the cells that need them; when exact values are too many in all, to the fullest as well."""
        if self._over:
            self._promote(np.array(sorted(self._over), np.int64))
            self._over.clear()
            self._pending = 0
        while self._crowded:
            used = ((self._n > 0) & (self._block == IS_EXACT)).nonzero()[0]
            used = used[np.lexsort((self._pane_of[used // self.keys], -self._n[used]))]
            pairs = self._live - self._max_pairs * 3 // 4 if self._live > self._max_pairs else 0
            values = self._seen.rows - self._max_values * 3 // 4 if self._seen.rows > self._max_values else 0
            enough = int(np.searchsorted(np.cumsum(self._n[used]), max(pairs, values))) + 1
            self._relieved += len(used[:enough])
            self._promote(used[:enough])

    def _promote(self, cells: Ints) -> None:
        """Turn exact cells, ascending or not, into registers: some at a time, so that it takes little memory."""
        ends = np.cumsum(self._n[cells]) // MAX_PENDING
        for part in np.split(cells, (ends[1:] != ends[:-1]).nonzero()[0] + 1):
            self._promote_some(part)

    def _promote_some(self, cells: Ints) -> None:
        found, hashes = self._take_out(cells)
        self._live -= int(self._n[cells].sum())
        np.add.at(self._rough, cells % self.keys, 1)
        for cell in cells.tolist():
            block = self._registers.take()
            self._block[cell] = block if block != NONE else IS_SATURATED
            self._n[cell] = 0 if block != NONE else min(int(self._n[cell]), EXACT + 1)
            self._saturated += block == NONE
        blocks = self._block[found]
        dense = blocks >= 0
        self._registers.observe(blocks[dense], observations(hashes[dense]))

    def read(self, slots: Ints, keys: Ints) -> Reading:
        self._settle()
        if len(slots) > 1:
            return self._read_window(slots, keys)
        cells = slots[0] * self.keys + keys
        blocks, values = self._block[cells], self._n[cells]
        dense = (blocks >= 0).nonzero()[0]
        if dense.size:
            values[dense] = np.rint(estimate(self._registers.blocks[blocks[dense]]))
        return Reading(values, None, _errors(blocks >= 0, blocks == IS_SATURATED))

    def _read_window(self, slots: Ints, keys: Ints) -> Reading:
        """Exact sizes of keys that are exact in all of these slots; of the others what registers and bounds say."""
        panes = self._pane_of[slots]
        values = self._seen.distinct(int(panes.min()), int(panes.max()))[keys]
        rough: Ints = self._rough[keys].nonzero()[0]
        if not rough.size:
            return Reading(values)
        blocks = over(self._block.reshape(self.slots, self.keys), slots, keys[rough])
        bounds = over(self._n.reshape(self.slots, self.keys), slots, keys[rough])
        saturated = blocks == IS_SATURATED
        least = np.where(saturated, bounds, 0).max(axis=0)
        some: Bools = np.logical_or.reduce(blocks >= 0, axis=0)
        dense = some.nonzero()[0]
        values[rough] = np.maximum(np.where(some, 0, values[rough]), least)
        if dense.size:
            registers = self._registers.merged(blocks[:, i][blocks[:, i] >= 0] for i in dense.tolist())
            row_of = np.full(self.keys, -1, np.int64)
            row_of[keys[rough[dense]]] = np.arange(len(dense))
            for slot in slots[:, None]:
                cells, hashes = self._pairs_of(slot)
                rows = row_of[cells % self.keys]
                fold(registers, rows[rows >= 0], hashes[rows >= 0])
            values[rough[dense]] = np.maximum(values[rough[dense]], np.rint(estimate(registers)))
        is_dense, is_saturated = np.zeros(len(keys), np.bool_), np.zeros(len(keys), np.bool_)
        is_dense[rough], is_saturated[rough] = some, saturated.any(axis=0)
        return Reading(values, None, _errors(is_dense, is_saturated))

    def merge(self, sources: Ints, target: int) -> None:
        self._settle()
        cells, hashes = self._pairs_of(sources)
        self.add_hashes(cells % self.keys + target * self.keys, hashes)
        self._settle()
        blocks = self._block.reshape(self.slots, self.keys)
        wanted = np.unique(np.nonzero(blocks[sources] != IS_EXACT)[1])
        exact = wanted[blocks[target, wanted] == IS_EXACT]
        if len(exact):
            self._promote(exact + target * self.keys)
        for source in sources.tolist():
            for key in (blocks[source] != IS_EXACT).nonzero()[0].tolist():
                cell = target * self.keys + key
                have, more = int(self._block[cell]), int(blocks[source, key])
                if have >= 0 and more >= 0:
                    registers = self._registers.blocks
                    np.maximum(registers[have], registers[more], out=registers[have])
                elif have == IS_SATURATED:
                    self._n[cell] = max(self._n[cell], self._n[source * self.keys + key])

    def join(self, sources: Ints, targets: Ints) -> None:
        self._settle()
        into = np.full(self.slots * self.keys, -1, np.int64)
        into[sources] = targets
        dense = sources[self._block[sources] != IS_EXACT]
        for source, target in zip(dense.tolist(), into[dense].tolist(), strict=True):
            self._join_approximate(source, target)
        found, hashes = self._pairs_of(np.zeros(1, np.int64))
        moved = into[found] >= 0
        self.add_hashes(into[found[moved]], hashes[moved])
        self._settle()

    def _join_approximate(self, source: int, target: int) -> None:
        """A cell that is no longer exact makes the other one so."""
        if self._block[target] == IS_EXACT:
            self._promote(np.array([target]))
        have, more = int(self._block[target]), int(self._block[source])
        if have >= 0 and more >= 0:
            registers = self._registers.blocks
            np.maximum(registers[have], registers[more], out=registers[have])
        elif have >= 0:  # what the source held is lost, and its bound may be larger than what the target has seen
            self._registers.give_back(np.array([have]))
            self._block[target] = IS_SATURATED
            self._n[target] = self._n[source]
            self._saturated += 1
        else:
            self._n[target] = max(self._n[target], self._n[source])

    def vacate(self, cells: Ints) -> None:
        self._settle()
        self._seen.forget(self._empty(cells))
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        self._settle()
        self._empty(np.arange(slot * self.keys, (slot + 1) * self.keys))
        super().clear(slot)

    def _empty(self, cells: Ints) -> int:
        """These cells, each once, hold nothing any more; returns how many exact values they had."""
        blocks = self._block[cells]
        count = int(self._n[cells][blocks == IS_EXACT].sum())
        self._live -= count
        rough = blocks != IS_EXACT
        if rough.any():
            self._rough[cells[rough] % self.keys] -= 1
            self._registers.give_back(blocks[blocks >= 0])
        self._n[cells] = 0
        self._block[cells] = IS_EXACT
        return count

    def dump(self, slots: Ints, keys: Ints) -> Arrays:  # noqa: ARG002  only values that exist are kept
        self._settle()
        blocks = self._block.reshape(self.slots, self.keys)[slots].reshape(-1)
        dense, saturated = (blocks >= 0).nonzero()[0], (blocks == IS_SATURATED).nonzero()[0]
        return self._dump_values(slots) | {
            "dense": dense,
            "registers": self._registers.blocks[blocks[dense]],
            "saturated": saturated,
            "bounds": self._n.reshape(self.slots, self.keys)[slots].reshape(-1)[saturated],
        }

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:  # noqa: ARG002
        saturated, dense = self._placed(slots, state["saturated"]), self._placed(slots, state["dense"])
        self._block[saturated] = IS_SATURATED
        self._n[saturated] = state["bounds"]
        self._saturated += len(saturated)
        np.add.at(self._rough, np.append(saturated, dense) % self.keys, 1)
        for cell, registers in zip(dense.tolist(), state["registers"], strict=True):
            block = self._block[cell] = self._registers.take()
            self._registers.blocks[block] = registers
        if "cells" in state:  # of a snapshot from before values were kept once
            cells = self._placed(slots, state["cells"])
            for slot in np.unique(cells // self.keys).tolist():
                here = cells // self.keys == slot
                self._add_exact(cells[here], state["hashes"][here])
            return
        for cells, hashes in self._loaded_values(slots, state):
            self._add_exact(cells, hashes)

    def note(self) -> Mapping[str, int]:
        return {"uniq_saturated": self._saturated, "uniq_approximate_early": self._relieved}


def _caps(slots: int, keys: int, parameter: int) -> tuple[int, int, int]:
    """Values of all keys, the same once for each pane, and register blocks."""
    exact = slots * keys * EXACT
    values = min(exact, parameter or MAX_VALUES)
    return values, min(exact, min(slots, PANES) * values), min(slots * keys, MAX_BLOCKS)


def _errors(dense: Bools, saturated: Bools) -> Floats | None:
    some = dense.any() or saturated.any()
    return np.where(saturated, 1.0, np.where(dense, ERROR, 0.0)) if some else None
