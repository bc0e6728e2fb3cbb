"""Lists of rows by pane, four bytes a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints

__all__ = ["Lists"]

PARTS: Final = 8
"""Parts that the list of a pane may have before they are joined."""
PART_BYTES: Final = 128
"""Of a part beside its rows."""


class Lists:
    """Pane -> its rows, in no particular order. A pane has a list once a row was put into it."""

    def __init__(self) -> None:
        self._parts: dict[int, list[NDArray[np.int32]]] = {}

    @staticmethod
    def budget(panes: int, rows: int) -> int:
        """Bytes at worst, of all rows of all lists together."""
        return 4 * rows + PARTS * PART_BYTES * panes

    def __iter__(self) -> Iterator[int]:
        """The panes that have a list."""
        return iter(self._parts)

    def __contains__(self, pane: int) -> bool:
        return pane in self._parts

    def of(self, pane: int) -> NDArray[np.int32]:
        """The rows of a pane."""
        parts = self._parts.get(pane)
        if parts is None:
            return np.zeros(0, np.int32)
        if len(parts) > 1:
            parts[:] = [np.concatenate(parts)]
        return parts[0]

    def add(self, panes: Ints, rows: Ints) -> None:
        """Put rows into the lists of these panes, in step."""
        added = rows.astype(np.int32)
        if not added.size:
            return
        if (panes == panes[0]).all():
            self._add(int(panes[0]), added)
            return
        order = panes.argsort(kind="stable")
        panes, added = panes[order], added[order]
        starts = np.append(0, (panes[1:] != panes[:-1]).nonzero()[0] + 1)
        for pane, part in zip(panes[starts].tolist(), np.split(added, starts[1:]), strict=True):
            self._add(pane, part.copy())

    def _add(self, pane: int, rows: NDArray[np.int32]) -> None:
        parts = self._parts.setdefault(pane, [])
        parts.append(rows)
        if len(parts) > PARTS:
            parts[:] = [np.concatenate(parts)]

    def put(self, pane: int, rows: NDArray[np.int32]) -> None:
        """Let these be the rows of a pane."""
        self._parts[pane] = [rows]

    def pop(self, pane: int) -> NDArray[np.int32]:
        """Take the list of a pane away."""
        rows = self.of(pane)
        self._parts.pop(pane, None)
        return rows

    def rename(self, numbers: NDArray[np.int32]) -> None:
        """Rows have other numbers, those in their places; a row that has -1 is in no list any more."""
        for pane in self._parts:
            renamed = numbers[self.of(pane)]
            self._parts[pane] = [renamed[renamed >= 0]]
