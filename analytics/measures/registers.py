"""A pool of HyperLogLog register blocks: memory for those cells that need one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Words
from analytics.hyperloglog import REGISTERS, Observations, observations

__all__ = ["NONE", "Registers"]

NONE: Final = -1
"""What `take` gives when the pool is exhausted."""


class Registers:
    """At most `most` blocks of 4,096 one-byte registers; the array grows by doubling."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.blocks: NDArray[np.uint8] = np.zeros((0, REGISTERS), np.uint8)
        self._free: list[int] = []

    def take(self) -> int:
        """The number of an empty block."""
        if not self._free:
            have = len(self.blocks)
            want = min(max(16, 2 * have), self._most)
            if want == have:
                return NONE
            grown = np.zeros((want, REGISTERS), np.uint8)
            grown[:have] = self.blocks
            self.blocks = grown
            self._free.extend(range(want - 1, have - 1, -1))
        return self._free.pop()

    def give_back(self, blocks: Ints) -> None:
        """Empty blocks and let others have them."""
        self.blocks[blocks] = 0
        self._free.extend(blocks.tolist())

    def observe(self, blocks: Ints, seen: Observations) -> None:
        """Take one value each into these blocks."""
        np.maximum.at(self.blocks.reshape(-1), blocks * REGISTERS + seen.registers, seen.ranks)

    def merged(self, blocks: Iterable[Ints]) -> NDArray[np.uint8]:
        """The union of each group of blocks, one row a group."""
        rows: list[Any] = [self.blocks[group].max(axis=0) for group in blocks]
        return np.array(rows, np.uint8).reshape(-1, REGISTERS)


def fold(registers: NDArray[np.uint8], rows: Ints, hashes: Words) -> None:
    """Take one value each into these rows of registers."""
    seen = observations(hashes)
    np.maximum.at(registers.reshape(-1), rows * REGISTERS + seen.registers, seen.ranks)
