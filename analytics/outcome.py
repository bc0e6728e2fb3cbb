"""The value of a KPI from the readings of its aggregates: the outer part of its expression, over keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from analytics.arrays import Column as Array
from analytics.arrays import Floats, Ints, Numbers, Reading
from analytics.definition import SECONDS
from analytics.expression import Column, Node
from analytics.frame import Coded

__all__ = ["outcome"]

T = TypeVar("T")


def outcome(value: Node, readings: Sequence[Reading], n: int, ms: int | Ints) -> tuple[Array, Floats | None]:
    """Values and errors of `n` keys over a window of `ms`, one for all or each its own.

    Nulls are NaN in float arrays and None in object arrays.

    The error of a value made of several approximate ones is the root of the sum of their squares, which is right for
    products and quotients of independent counts.
    """
    errors = [reading.error for reading in readings if reading.error is not None]
    error = None if not errors else errors[0] if len(errors) == 1 else np.sqrt(sum(e * e for e in errors))
    if isinstance(value, Column):
        return _nulled(readings[int(value.name[1:])]), error
    at = _Aggregated(readings, n, ms)
    if value.kind == "number":
        values, valid, _ = value.number(at)
        return (values if valid is None else np.where(valid, values, np.nan)), error
    result = np.empty(n, object)
    result[:] = value.raw(at)
    return result, error


def _nulled(reading: Reading) -> Array:
    values, valid, _ = reading
    if valid is None or valid.all():
        return values
    if values.dtype == object:
        values = values.copy()
        values[~valid] = None
        return values
    return np.where(valid, values, np.nan)


class _Aggregated:
    """The readings as columns `#0`, `#1`, .. of an expression."""

    def __init__(self, readings: Sequence[Reading], n: int, ms: int | Ints) -> None:
        self.n = n
        self._readings = readings
        self._ms = ms
        self._kept: dict[Any, Any] = {}

    def keep(self, key: Any, make: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = make()
        kept: T = self._kept[key]
        return kept

    def numbers(self, name: str) -> Numbers:
        if name == SECONDS:
            return Numbers(np.full(self.n, np.asarray(self._ms) / 1_000), None)
        values, valid, _ = self._readings[int(name[1:])]
        return Numbers(values.astype(np.float64), valid)

    def raw(self, name: str) -> Sequence[Any]:
        values, valid, _ = self.numbers(name)
        known = np.ones(self.n, np.bool_) if valid is None else valid
        return [v if ok else None for v, ok in zip(values.tolist(), known, strict=True)]

    def coded(self, name: str) -> Coded:
        raise AssertionError(f"aggregate {name} has no codes")

    def encode(self, key: str, column: Sequence[Any]) -> Coded:
        raise AssertionError(f"{key} has no codes: {len(column)} values of aggregates")
