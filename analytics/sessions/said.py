"""What was said of each open session, so that changes can be told from repetitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from analytics.arrays import Bools, Column, Ints
from analytics.sessions.lines import as_column, as_objects, plain_values

__all__ = ["UNSAID", "Said"]

UNSAID: Final = -1


class Said:
    """The rows of all open sessions of one KPI as last published, by cell."""

    def __init__(self, most: int) -> None:
        self.kinds = np.full(most, UNSAID, np.int8)
        self.revs = np.zeros(most, np.int32)
        self.ends: Ints = np.zeros(most, np.int64)
        self.errors = np.zeros(most)
        # Of the kind that the measure gives, NaN being null; objects once it gave more than one. Means nothing where
        # nothing was said.
        self.values: Column = np.zeros(most, np.int64)

    def fit(self, values: Column) -> Column:
        """New values as they can be kept beside the others."""
        if values.dtype == object:
            values = as_objects(values)
        if values.dtype != self.values.dtype:
            if self.values.dtype != object:
                if (self.kinds != UNSAID).any():
                    self.values = as_objects(self.values)
                    self.values[self.kinds == UNSAID] = None
                else:
                    self.values = np.full(len(self.kinds), None if values.dtype == object else 0, values.dtype)
            if self.values.dtype == object:
                values = as_objects(values)
        return values

    def differs(self, cells: Ints, values: Column) -> Bools:
        """Where a value, as `fit` gave it, is not what was said."""
        said = self.values[cells]
        differs: Bools = said != values
        if said.dtype.kind == "f":
            differs &= (said == said) | (values == values)
        return differs

    def forget(self, cells: Ints) -> None:
        """Nothing has been said of these sessions."""
        self.kinds[cells] = UNSAID
        self.revs[cells] = 0
        self.ends[cells] = 0
        self.errors[cells] = 0.0
        if self.values.dtype == object:
            self.values[cells] = None

    def dump_values(self, cells: Ints) -> list[Any]:
        """The values of these cells as objects, None where nothing was said."""
        silent = self.kinds[cells] == UNSAID
        values = self.values[cells]
        if silent.any():
            values = as_objects(values)
            values[silent] = None
        return plain_values(values)

    def load_values(self, cells: Ints, values: Sequence[Any]) -> None:
        """Take a dump back, once the kinds are there."""
        told = (self.kinds[cells] != UNSAID).nonzero()[0]
        column = as_column([values[i] for i in told.tolist()])
        self.values = np.full(len(self.kinds), None if column.dtype == object else 0, column.dtype)
        self.values[cells[told]] = column
