"""A condition on rows: the SQL of a definition's `where`, over the columns of its `by`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Final

import numpy as np

from analytics.batch import Batch
from analytics.definition import DefinitionError, condition
from analytics.dictionary import Dictionary
from analytics.expression import Column
from analytics.frame import Frame
from analytics.row import Row
from analytics.schema import Columns

__all__ = ["MAX_CONDITION", "NoDimensionError", "RowFilter"]

MAX_CONDITION: Final = 2_000
"""Characters of a condition: reading it costs microseconds each."""
PART: Final = 4_096
"""Rows looked at together."""


class NoDimensionError(DefinitionError):
    """A condition reads something that is no dimension."""


class RowFilter:
    """Keeps the rows whose dimensions fulfil a condition. What is null does not, as in SQL.

    Args:
        by: the dimensions of the rows.

    Raises:
        NoDimensionError: it reads anything that is no dimension.
        DefinitionError: it cannot be read, or is too long.

    >>> rows = [Row("views", {"country": name}, 0, 1000, 5, "final", 0) for name in ("DE", "FR", None)]
    >>> [row.dims for row in RowFilter("country IN ('DE', 'AT')", ["country"]).keep(rows)]
    [{'country': 'DE'}]
    """

    def __init__(self, text: str, by: Sequence[str]) -> None:
        if len(text) > MAX_CONDITION:
            raise DefinitionError(f"a condition has at most {MAX_CONDITION} characters", MAX_CONDITION)
        self._node = condition(text)
        for node in self._node.walk():
            if isinstance(node, Column) and node.name not in by:
                raise NoDimensionError(f"{node.name!r} is no dimension of the KPI", 0)
        columns = Columns()
        columns.condition(self._node)
        self._by = tuple(by)
        self._coded = tuple(columns.coded)

    def keep(self, rows: Sequence[Row]) -> list[Row]:
        """Those that fulfil it, in their order. About 2 us a row."""
        kept: list[Row] = []
        for start in range(0, len(rows), PART):
            part = rows[start : start + PART]
            values = {name: [row.dims.get(name) for row in part] for name in self._by}
            batch = Batch(len(part), np.zeros(len(part), np.int64), values, [("", len(part))])
            frame = Frame(batch, {name: Dictionary() for name in self._coded})
            kept += compress(part, self._node.true(frame).tolist())
        return kept
