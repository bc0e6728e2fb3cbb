"""Inputs for any measure: what it takes, made from one list of plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analytics.arrays import Ints, Numbers
from analytics.dictionary import Dictionary
from analytics.frame import Coded
from analytics.measures import Measure

__all__ = ["add", "cells", "opened", "plain", "read"]

_DICTIONARY = Dictionary()


def cells(*values: int) -> Ints:
    """An index array."""
    return np.array(values, np.int64)


def opened(kind: type[Measure], slots: int = 3, keys: int = 2, parameter: int = 5) -> Measure:
    """A measure whose slots hold the panes 100, 101, .."""
    measure = kind(slots, keys, parameter if kind.takes == "hash" and kind.__name__ == "Top" else 0)
    for slot in range(slots):
        measure.open(slot, 100 + slot)
    return measure


def add(measure: Measure, at: Sequence[int], values: Sequence[Any]) -> None:
    """Give `measure` numbers (or, where it knows values by hash, those numbers as values)."""
    if measure.takes == "nothing":
        measure.add(cells(*at), None)
    elif measure.takes == "number":
        measure.add(cells(*at), Numbers(np.array(values, np.float64), None))
    else:
        measure.add(cells(*at), Coded(_DICTIONARY.encode([str(v) for v in values]), _DICTIONARY))


def plain(reading: Any) -> list[Any]:
    """A reading as plain values, None where it has none."""
    valid = np.ones(len(reading.values), np.bool_) if reading.valid is None else reading.valid
    return [v if ok else None for v, ok in zip(reading.values.tolist(), valid.tolist(), strict=True)]


def read(measure: Measure, *slots: int, keys: Sequence[int] = (0, 1)) -> list[Any]:
    """The values of a window over these slots."""
    return plain(measure.read(cells(*slots), cells(*keys)))
