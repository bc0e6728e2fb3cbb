"""Inputs for any measure: what it takes, made from one list of plain values."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analytics.aggregation import FunnelSetting, RetentionSetting, SessionSetting
from analytics.arrays import Ints, Numbers, Visits
from analytics.dictionary import Dictionary
from analytics.frame import Coded
from analytics.measures import Measure

__all__ = ["add", "cells", "opened", "plain", "read"]

SETTINGS: Mapping[str, Any] = {
    "Funnel": FunnelSetting(2, 10),
    "Sessions": SessionSetting(500),
    "Retention": RetentionSetting(86_400_000, 2),
}
"""Parameters of the measures that have a setting of their own."""
_DICTIONARY = Dictionary()


def cells(*values: int) -> Ints:
    """An index array."""
    return np.array(values, np.int64)


def opened(kind: type[Measure], slots: int = 3, keys: int = 2, parameter: int = 5) -> Measure:
    """A measure whose slots hold the panes 100, 101, .."""
    measure = kind(slots, keys, SETTINGS.get(kind.__name__, parameter if kind.__name__ == "Top" else 0))
    for slot in range(slots):
        measure.open(slot, 100 + slot)
    return measure


def add(measure: Measure, at: Sequence[int], values: Sequence[Any]) -> None:
    """Give `measure` numbers (or, where it knows values by hash, those numbers as values)."""
    if measure.takes == "nothing":
        measure.add(cells(*at), None)
    elif measure.tracks:
        measure.add(cells(*at), tracked(values, cells(*at) // measure.keys))
    elif measure.takes == "visits":
        measure.add(cells(*at), visits(values))
    elif measure.takes == "number":
        measure.add(cells(*at), Numbers(np.array(values, np.float64), None))
    else:
        measure.add(cells(*at), Coded(_DICTIONARY.encode([str(v) for v in values]), _DICTIONARY))


def visits(values: Sequence[Any]) -> Visits:
    """Numbers, or texts, as what five users did: the same value is always the same event."""
    seeds = [zlib.crc32(str(value).encode()) for value in values]
    users = np.array([seed % 5 for seed in seeds], np.uint64)
    times, marks = ([seed // part % count for seed in seeds] for part, count in ((5, 40), (200, 4)))
    return Visits(users, np.array(times, np.int64), np.array(marks, np.int64))


def tracked(values: Sequence[Any], slots: Ints) -> Visits:
    """The same, but each value is a user of its own, and what comes in a later slot comes later."""
    users = np.array([zlib.crc32(str(value).encode()) for value in values], np.uint64)
    return Visits(users, (users % 1_000).astype(np.int64) * 1_000 + slots, (users % 4).astype(np.int64))


def plain(reading: Any) -> list[Any]:
    """A reading as plain values, None where it has none."""
    valid = np.ones(len(reading.values), np.bool_) if reading.valid is None else reading.valid
    return [v if ok else None for v, ok in zip(reading.values.tolist(), valid.tolist(), strict=True)]


def read(measure: Measure, *slots: int, keys: Sequence[int] = (0, 1)) -> list[Any]:
    """The values of a window over these slots."""
    return plain(measure.read(cells(*slots), cells(*keys)))
