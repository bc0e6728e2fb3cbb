"""`count(*)`, `count(x)` and, divided by the window's length, `rate()`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Reading
from analytics.measures.measure import Cellwise, Takes, total

__all__ = ["Count"]


class Count(Cellwise):
    """How many events were selected; of none it is 0, never null.

    >>> count = Count(slots=2, keys=1)
    >>> count.add(np.array([0, 0, 1]), None)
    >>> count.read(np.array([0, 1]), np.array([0])).values
    array([3])
    """

    takes: ClassVar[Takes] = "nothing"
    invertible = True

    def __init__(self, slots: int, keys: int, parameter: int = 0) -> None:
        super().__init__(slots, keys, parameter)
        self._count: Ints = np.zeros(slots * keys, np.int64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"count": self._count}

    def add(self, cells: Ints, values: Any) -> None:  # noqa: ARG002  there is nothing but the event to count
        np.add.at(self._count, cells, 1)

    def read(self, slots: Ints, keys: Ints) -> Reading:
        return Reading(total(self.table(self._count), slots, keys))

    def merge(self, sources: Ints, target: int) -> None:
        table = self.table(self._count)
        table[target] += table[sources].sum(axis=0)

    def subtract(self, source: int, target: int) -> None:
        table = self.table(self._count)
        table[target] -= table[source]
