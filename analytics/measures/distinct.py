"""`uniq(x)`: distinct values, exact up to 512 per pane and key, then HyperLogLog with a stated error.

While a cell is exact its 64-bit value hashes lie in one table of pairs. The 513th value turns the cell into 4,096
registers (precision 12), whatever order the values came in. A window over several panes is exact as long as all of its
panes are, else the merge of their registers.

Bounds: the pairs of all cells together and the register blocks are capped. When the pairs run out, the fullest cells
become registers early; when the blocks run out as well, a cell is saturated: it keeps the count it had as a lower bound
and its row says `error` 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Floats, Ints, Reading, Words
from analytics.frame import Coded
from analytics.hyperloglog import ERROR, REGISTERS, estimate, observations
from analytics.measures.measure import Arrays, over
from analytics.measures.sparse import CACHE, CACHE_SHIFT, Sparse, pair_marks
from analytics.pairs import PAIR_BYTES

__all__ = ["EXACT", "Distinct"]

EXACT: Final = 512
MAX_PAIRS: Final = 1 << 18
MAX_BLOCKS: Final = 4_096
IS_EXACT: Final = -1
IS_SATURATED: Final = -2


class Distinct(Sparse):
    """Number of distinct values that are not null. A `parameter` other than 0 lowers the cap on exact values.

    >>> from analytics.dictionary import Dictionary
    >>> users, names = Distinct(slots=1, keys=1), Dictionary()
    >>> users.open(0, 7)
    >>> users.add(np.zeros(3, int), Coded(names.encode(["a", "b", "a"]), names))
    >>> users.read(np.array([0]), np.array([0])).values
    array([2])
    """

    counted = False

    def __init__(self, slots: int, keys: int, parameter: int = 0) -> None:
        super().__init__(slots, keys, parameter)
        self._max_pairs, self._max_blocks = _caps(slots, keys, parameter)
        # Exact values of each cell; of a saturated one, how many it had.
        self._n: Ints = np.zeros(slots * keys, np.int64)
        # Register block of each cell, or IS_EXACT or IS_SATURATED.
        self._block: Ints = np.full(slots * keys, IS_EXACT, np.int64)
        self._registers = np.zeros((0, REGISTERS), np.uint8)
        self._free: list[int] = []
        self._live = 0
        self._saturated = 0
        self._relieved = 0
        # Pairs seen lately, by their low bits: most events of a batch repeat one and are done after a comparison.
        self._recent: Words = np.zeros(CACHE, np.uint64)

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: int) -> int:
        pairs, blocks = _caps(slots, keys, parameter)
        return 16 * slots * keys + PAIR_BYTES * pairs + REGISTERS * blocks + 8 * CACHE

    def add(self, cells: Ints, values: Coded) -> None:
        self.add_hashes(cells, values.dictionary.hashes(values.codes))

    def add_hashes(self, cells: Ints, hashes: Words) -> None:
        """`add` for values that are known by their hash only."""
        panes = self._pane_cells(cells)
        mark = pair_marks(panes, hashes)
        at = (mark >> CACHE_SHIFT).astype(np.int64)
        new = (self._recent[at] != mark).nonzero()[0]
        if not new.size:
            return
        self._recent[at[new]] = mark[new]
        cells, hashes, panes = cells[new], hashes[new], panes[new]
        blocks = self._block[cells]
        dense = blocks >= 0
        if dense.any():
            self._observe(blocks[dense], hashes[dense])
        exact = (blocks == IS_EXACT).nonzero()[0]
        if exact.size:
            self._add_exact(cells[exact], panes[exact], hashes[exact])

    def _observe(self, blocks: Ints, hashes: Words) -> None:
        register, rank = observations(hashes)
        np.maximum.at(self._registers.reshape(-1), blocks * REGISTERS + register, rank)

    def _add_exact(self, cells: Ints, panes: Ints, hashes: Words) -> None:
        _, fresh = self._table.place(panes, hashes)
        grown = cells[fresh]
        if not grown.size:
            return
        np.add.at(self._n, grown, 1)
        self._live += len(grown)
        full = np.unique(grown[self._n[grown] > EXACT])
        for cell in full.tolist():
            self._promote(cell)
        if self._live > self._max_pairs:
            self._relieve()

    def _relieve(self) -> None:
        """Too many exact values in all: the fullest cells become registers until a quarter is free."""
        used = ((self._n > 0) & (self._block == IS_EXACT)).nonzero()[0]
        for cell in used[np.lexsort((self._pane_cells(used), -self._n[used]))].tolist():
            if self._live <= self._max_pairs * 3 // 4:
                return
            self._relieved += 1
            self._promote(cell)

    def _promote(self, cell: int) -> None:
        slot, key = divmod(cell, self.keys)
        _, hashes, _ = self._pairs_of(np.array([slot]), np.array([key]))
        block = self._take_block()
        self._live -= int(self._n[cell])
        self._block[cell] = block
        if block >= 0:
            self._n[cell] = 0
            self._observe(np.full(len(hashes), block), hashes)
        else:
            self._saturated += 1

    def _take_block(self) -> int:
        if not self._free:
            have = len(self._registers)
            want = min(max(16, 2 * have), self._max_blocks)
            if want == have:
                return IS_SATURATED
            grown = np.zeros((want, REGISTERS), np.uint8)
            grown[:have] = self._registers
            self._registers = grown
            self._free.extend(range(want - 1, have - 1, -1))
        return self._free.pop()

    def _kept(self, cells: Ints, within: Bools) -> Bools:
        exact: Bools = np.where(within, self._block[cells], IS_SATURATED) == IS_EXACT
        return exact

    def read(self, slots: Ints, keys: Ints) -> Reading:
        blocks = over(self._block.reshape(self.slots, self.keys), slots, keys)
        counts = over(self._n.reshape(self.slots, self.keys), slots, keys)
        dense = np.logical_or.reduce(blocks >= 0, axis=0)
        saturated = np.logical_or.reduce(blocks == IS_SATURATED, axis=0)
        if len(slots) == 1:
            values, registers = counts[0].copy(), self._registers[blocks[0][dense]]
        else:
            values, registers = self._union(slots, keys, blocks, dense)
            values = np.maximum(values, np.where(blocks == IS_SATURATED, counts, 0).max(axis=0))
        if len(registers):
            values[dense] = np.maximum(values[dense], np.rint(estimate(registers)).astype(np.int64))
        error: Floats | None = None
        if dense.any() or saturated.any():
            error = np.where(saturated, 1.0, np.where(dense, ERROR, 0.0))
        return Reading(values, None, error)

    def _union(self, slots: Ints, keys: Ints, blocks: Ints, dense: Bools) -> tuple[Ints, NDArray[np.uint8]]:
        """Exact sizes where no pane is dense, and the merged registers where one is."""
        place = np.full(self.keys, -1, np.int64)
        place[keys] = np.arange(len(keys))
        found, hashes, _ = self._pairs_of(slots, keys)
        at = place[found]
        order = np.lexsort((hashes, at))
        at, hashes = at[order], hashes[order]
        first = np.ones(len(at), np.bool_)
        first[1:] = (at[1:] != at[:-1]) | (hashes[1:] != hashes[:-1])
        sizes = np.bincount(at[first], minlength=len(keys)).astype(np.int64)
        which = dense.nonzero()[0]
        registers = np.zeros((len(which), REGISTERS), np.uint8)
        for i, column in enumerate(which.tolist()):
            members = blocks[:, column]
            registers[i] = self._registers[members[members >= 0]].max(axis=0)
        row_of = np.full(len(keys), -1, np.int64)
        row_of[which] = np.arange(len(which))
        rows = row_of[at]
        fold = rows >= 0
        if fold.any():
            register, rank = observations(hashes[fold])
            np.maximum.at(registers.reshape(-1), rows[fold] * REGISTERS + register, rank)
        sizes[which] = 0
        return sizes, registers

    def merge(self, sources: Ints, target: int) -> None:
        found, hashes, _ = self._pairs_of(sources)
        self.add_hashes(found + target * self.keys, hashes)
        blocks = self._block.reshape(self.slots, self.keys)
        for source in sources.tolist():
            for key in (blocks[source] != IS_EXACT).nonzero()[0].tolist():
                cell = target * self.keys + key
                if self._block[cell] == IS_EXACT:
                    self._promote(cell)
                have, more = int(self._block[cell]), int(blocks[source, key])
                if have >= 0 and more >= 0:
                    np.maximum(self._registers[have], self._registers[more], out=self._registers[have])
                elif have == IS_SATURATED:
                    self._n[cell] = max(self._n[cell], self._n[source * self.keys + key])

    def clear(self, slot: int) -> None:
        row = slice(slot * self.keys, (slot + 1) * self.keys)
        blocks = self._block[row]
        self._live -= int(self._n[row][blocks == IS_EXACT].sum())
        freed = blocks[blocks >= 0]
        self._registers[freed] = 0
        self._free.extend(freed.tolist())
        self._n[row] = 0
        self._block[row] = IS_EXACT
        super().clear(slot)

    def dump(self, slots: Ints, keys: Ints) -> Arrays:  # noqa: ARG002  only pairs that exist are kept
        cells, hashes, _ = self._dump_pairs(slots)
        blocks = self._block.reshape(self.slots, self.keys)[slots].reshape(-1)
        dense, saturated = (blocks >= 0).nonzero()[0], (blocks == IS_SATURATED).nonzero()[0]
        return {
            "cells": cells,
            "hashes": hashes,
            "dense": dense,
            "registers": self._registers[blocks[dense]],
            "saturated": saturated,
            "bounds": self._n.reshape(self.slots, self.keys)[slots].reshape(-1)[saturated],
        }

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:  # noqa: ARG002
        saturated = self._placed(slots, state["saturated"])
        self._block[saturated] = IS_SATURATED
        self._n[saturated] = state["bounds"]
        self._saturated += len(saturated)
        for cell, registers in zip(self._placed(slots, state["dense"]).tolist(), state["registers"], strict=True):
            block = self._block[cell] = self._take_block()
            self._registers[block] = registers
        cells = self._placed(slots, state["cells"])
        if cells.size:
            self._add_exact(cells, self._pane_cells(cells), state["hashes"])

    def note(self) -> Mapping[str, int]:
        return {"uniq_saturated": self._saturated, "uniq_approximate_early": self._relieved}


def _caps(slots: int, keys: int, parameter: int) -> tuple[int, int]:
    cells = slots * keys
    return min(cells * EXACT, parameter or MAX_PAIRS), min(cells, MAX_BLOCKS)
