"""`min(x)` and `max(x)`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Floats, Ints, Numbers, Reading
from analytics.measures.measure import Cellwise, Takes, over

__all__ = ["Max", "Min"]


class _Extreme(Cellwise):
    """One number per cell; infinity on the far side stands for none, which no event can bring."""

    takes: ClassVar[Takes] = "number"
    choose: ClassVar[np.ufunc]

    def __init__(self, slots: int, keys: int, parameter: int = 0) -> None:
        super().__init__(slots, keys, parameter)
        self._extreme: Floats = np.full(slots * keys, self.blank)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"extreme": self._extreme}

    def add(self, cells: Ints, values: Numbers) -> None:
        self.choose.at(self._extreme, cells, values.values)

    def read(self, slots: Ints, keys: Ints) -> Reading:
        found = self.choose.reduce(over(self.table(self._extreme), slots, keys), axis=0)
        return Reading(found, np.isfinite(found))

    def merge(self, sources: Ints, target: int) -> None:
        table = self.table(self._extreme)
        table[target] = self.choose(table[target], self.choose.reduce(table[sources], axis=0))


class Min(_Extreme):
    """Smallest number; of none it is null.

    >>> low = Min(slots=1, keys=1)
    >>> low.add(np.zeros(2, int), Numbers(np.array([3.0, -1.0]), None))
    >>> low.read(np.array([0]), np.array([0])).values
    array([-1.])
    """

    choose = joins = np.minimum
    blank = float("inf")


class Max(_Extreme):
    """Largest number; of none it is null.

    >>> high = Max(slots=1, keys=1)
    >>> high.read(np.array([0]), np.array([0])).valid
    array([False])
    """

    choose = joins = np.maximum
    blank = float("-inf")
