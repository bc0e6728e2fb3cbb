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
from analytics.measures.links import Links
from analytics.measures.measure import Arrays, over
from analytics.measures.registers import NONE, Registers, fold
from analytics.measures.sparse import CACHE, CACHE_SHIFT, VACANT, Sparse, cells_among, no_marks, pair_marks
from analytics.pairs import PairTable

__all__ = ["EXACT", "Distinct"]

EXACT: Final = 512
MAX_PAIRS: Final = 1 << 18
MAX_BLOCKS: Final = 4_096
MAX_PENDING: Final = 16_384
"""Values beyond EXACT that may wait for their cells' registers."""
PART: Final = 2_048
"""Values that are looked up among the exact ones at once."""
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

    def __init__(self, slots: int, keys: int, parameter: int = 0) -> None:
        self._max_pairs, max_blocks = _caps(slots, keys, parameter)
        super().__init__(slots, keys, parameter, self._max_pairs + MAX_PENDING)
        self._links = Links(self._table, keys, self._max_pairs + MAX_PENDING, self._pane_of, self._slots_of)
        # Exact values of each cell; of a saturated one, how many it had.
        self._n: Ints = np.zeros(slots * keys, np.int64)
        # Register block of each cell, or IS_EXACT or IS_SATURATED.
        self._block: Ints = np.full(slots * keys, IS_EXACT, np.int64)
        self._registers = Registers(max_blocks)
        # Values in exact cells.
        self._live = 0
        # Cells with more than EXACT values that have no registers yet: many are converted in one pass over the table.
        self._over: set[int] = set()
        self._pending = 0
        self._saturated = 0
        # Cells that are not exact any more.
        self._rough = 0
        self._relieved = 0
        # Pairs seen lately, by their high bits: most events of a batch repeat one and are done after a comparison.
        self._recent: Words = no_marks()

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: int) -> int:
        pairs, blocks = _caps(slots, keys, parameter)
        return 16 * slots * keys + PairTable.budget(pairs + MAX_PENDING) + REGISTERS * blocks + 8 * CACHE

    @classmethod
    def window_budget(cls, slots: int, keys: int, parameter: int) -> int:
        return Links.budget(slots * keys, _caps(slots, keys, parameter)[0] + MAX_PENDING)

    def add(self, cells: Ints, values: Coded) -> None:
        if not len(cells):
            return
        hashes, blocks = values.hashes(), self._block[cells]
        if int(blocks.min()) >= 0:
            self._registers.observe(blocks, values.keep("observations", lambda: observations(hashes)))
        else:
            self.add_hashes(cells, hashes)

    def add_hashes(self, cells: Ints, hashes: Words) -> None:
        """`add` for values that are known by their hash only."""
        if len(cells) > MAX_PENDING:
            for start in range(0, len(cells), MAX_PENDING):
                self.add_hashes(cells[start : start + MAX_PENDING], hashes[start : start + MAX_PENDING])
            return
        blocks = self._block[cells]
        dense, exact = (blocks >= 0).nonzero()[0], (blocks == IS_EXACT).nonzero()[0]
        if dense.size:
            self._registers.observe(blocks[dense], observations(hashes[dense]))
        if exact.size:
            now, later = exact[:PART], exact[PART:]
            self._add_unless_recent(cells[now], hashes[now])
            if later.size:
                if self._pending > PART // 2:  # of a few busy cells: what they get now is not looked up any more
                    self._settle()
                self.add_hashes(cells[later], hashes[later])

    def _add_unless_recent(self, cells: Ints, hashes: Words) -> None:
        panes = self._pane_cells(cells)
        mark = pair_marks(panes, hashes)
        at = (mark >> CACHE_SHIFT).astype(np.int64)
        new = (self._recent[at] != mark).nonzero()[0]
        if new.size:
            self._recent[at[new]] = mark[new]
            self._add_exact(cells[new], panes[new], hashes[new])

    def _add_exact(self, cells: Ints, panes: Ints, hashes: Words) -> None:
        places, fresh = self._table.place(panes, hashes)
        grown = cells[fresh]
        if not grown.size:
            return
        self._links.add(panes[fresh], hashes[fresh], places[fresh])
        np.add.at(self._n, grown, 1)
        self._live += len(grown)
        over = grown[self._n[grown] > EXACT]
        if over.size:
            self._over.update(over.tolist())
            self._pending += len(over)
        if self._pending > MAX_PENDING or self._live > self._max_pairs:
            self._settle()

    def _settle(self) -> None:
        """Give registers to the cells that need them; when exact values are too many in all, to the fullest as well."""
        if self._over:
            self._promote(np.array(sorted(self._over), np.int64))
            self._over.clear()
            self._pending = 0
        if self._live > self._max_pairs:
            used = ((self._n > 0) & (self._block == IS_EXACT)).nonzero()[0]
            used = used[np.lexsort((self._pane_cells(used), -self._n[used]))]
            freed = np.cumsum(self._n[used])
            enough = int(np.searchsorted(freed, self._live - self._max_pairs * 3 // 4)) + 1
            self._relieved += len(used[:enough])
            self._promote(used[:enough])

    def _promote(self, cells: Ints) -> None:
        """Turn exact cells into registers, in one pass over the table."""
        keyed = self._pane_cells(cells)
        low, high = int(keyed.min()), int(keyed.max())
        found, hashes, _ = self._table.at(self._table.within(low, high + 1))
        # Pairs of panes that are closed belong to none of these cells.
        owners = cells_among(keyed, cells, found)
        member = owners >= 0
        owners, hashes = owners[member], hashes[member]
        self._live -= int(self._n[cells].sum())
        self._rough += len(cells)
        for cell in cells.tolist():
            block = self._registers.take()
            self._block[cell] = block if block != NONE else IS_SATURATED
            self._n[cell] = 0 if block != NONE else min(int(self._n[cell]), EXACT + 1)
            self._saturated += block == NONE
        blocks = self._block[owners]
        dense = blocks >= 0
        self._registers.observe(blocks[dense], observations(hashes[dense]))

    def _kept(self, cells: Ints, within: Bools) -> Bools:
        exact: Bools = np.where(within, self._block[cells], IS_SATURATED) == IS_EXACT
        return exact

    def read(self, slots: Ints, keys: Ints) -> Reading:
        self._settle()
        if not self._rough and len(slots) > 1:
            return Reading(self._sizes(slots, keys))
        blocks = over(self._block.reshape(self.slots, self.keys), slots, keys)
        counts = over(self._n.reshape(self.slots, self.keys), slots, keys)
        dense = np.logical_or.reduce(blocks >= 0, axis=0)
        saturated = np.logical_or.reduce(blocks == IS_SATURATED, axis=0)
        if len(slots) == 1:
            values, registers = counts[0].copy(), self._registers.blocks[blocks[0][dense]]
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
        sizes = np.zeros(len(keys), np.int64)
        exact = (~dense).nonzero()[0]
        if exact.size:
            sizes[exact] = self._sizes(slots, keys[exact])
        which = dense.nonzero()[0]
        registers = self._registers.merged(blocks[:, i][blocks[:, i] >= 0] for i in which.tolist())
        if which.size:
            row_of = np.zeros(self.keys, np.int64)
            row_of[keys[which]] = np.arange(len(which))
            found, hashes, _ = self._pairs_of(slots, keys[which])
            fold(registers, row_of[found], hashes)
        return sizes, registers

    def _sizes(self, slots: Ints, keys: Ints) -> Ints:
        """How many values these keys, which are exact in all of these slots, have there."""
        panes = self._pane_of[slots]
        first, last = int(panes.min()), int(panes.max())
        later = (self._pane_of > last).nonzero()[0]
        if later.size and (over(self._block.reshape(self.slots, self.keys), later, keys) != IS_EXACT).any():
            return self._links.scanned(first, last, keys)  # what was counted there only cannot be told any more
        return self._links.distinct(first, last, keys)

    def merge(self, sources: Ints, target: int) -> None:
        self._settle()
        found, hashes, _ = self._pairs_of(sources)
        self.add_hashes(found + target * self.keys, hashes)
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
        found, hashes, _ = self._pairs_of(np.zeros(1, np.int64))
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
        blocks = self._block[cells]
        self._live -= int(self._n[cells][blocks == IS_EXACT].sum())
        self._rough -= int((blocks != IS_EXACT).sum())
        self._registers.give_back(blocks[blocks >= 0])
        self._n[cells] = 0
        self._block[cells] = IS_EXACT
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        self._settle()
        row = slice(slot * self.keys, (slot + 1) * self.keys)
        blocks = self._block[row]
        self._live -= int(self._n[row][blocks == IS_EXACT].sum())
        self._rough -= int((blocks != IS_EXACT).sum())
        self._registers.give_back(blocks[blocks >= 0])
        self._n[row] = 0
        self._block[row] = IS_EXACT
        held = self._pane_of[self._pane_of != VACANT]
        self._links.close(slot, oldest=bool(self._pane_of[slot] <= held.min(initial=self._pane_of[slot])))
        super().clear(slot)

    def dump(self, slots: Ints, keys: Ints) -> Arrays:  # noqa: ARG002  only pairs that exist are kept
        self._settle()
        cells, hashes, _ = self._dump_pairs(slots)
        blocks = self._block.reshape(self.slots, self.keys)[slots].reshape(-1)
        dense, saturated = (blocks >= 0).nonzero()[0], (blocks == IS_SATURATED).nonzero()[0]
        return {
            "cells": cells,
            "hashes": hashes,
            "dense": dense,
            "registers": self._registers.blocks[blocks[dense]],
            "saturated": saturated,
            "bounds": self._n.reshape(self.slots, self.keys)[slots].reshape(-1)[saturated],
        }

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:  # noqa: ARG002
        saturated = self._placed(slots, state["saturated"])
        self._block[saturated] = IS_SATURATED
        self._n[saturated] = state["bounds"]
        self._saturated += len(saturated)
        self._rough += len(saturated) + len(state["dense"])
        for cell, registers in zip(self._placed(slots, state["dense"]).tolist(), state["registers"], strict=True):
            block = self._block[cell] = self._registers.take()
            self._registers.blocks[block] = registers
        cells = self._placed(slots, state["cells"])
        if cells.size:
            self._add_exact(cells, self._pane_cells(cells), state["hashes"])

    def note(self) -> Mapping[str, int]:
        return {"uniq_saturated": self._saturated, "uniq_approximate_early": self._relieved}


def _caps(slots: int, keys: int, parameter: int) -> tuple[int, int]:
    cells = slots * keys
    return min(cells * EXACT, parameter or MAX_PAIRS), min(cells, MAX_BLOCKS)
