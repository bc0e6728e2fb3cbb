"""More of everything than there is room for: what fills the pools of each measure, and what that takes."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from analytics.aggregation import FunnelSetting, RetentionSetting, SessionSetting
from analytics.arrays import Ints, Numbers, Visits, Words
from analytics.dictionary import Dictionary
from analytics.frame import Coded
from analytics.measures import MEASURES, Measure
from analytics.measures.distinct import EXACT, Distinct
from analytics.measures.topk import Top

__all__ = ["FLOODS", "Flooded", "flooded"]

_BATCH = 8_000
_HASH = 7_919


class Flooded(NamedTuple):
    """Bytes of a measure that was flooded: at most at any moment, in the end, and as computed for these; `passing` is
    only for the former.
    """

    most: int
    held: int
    computed: int
    passing: int


def _cells(slots: int, keys: int) -> Ints:
    """Some of all cells, each slot's one after the other."""
    return np.arange(slots * keys)


def _numbers(measure: Measure, values: Callable[[np.random.Generator, int], Any], each: int) -> None:
    rng = np.random.default_rng(3)
    for slot in range(measure.slots):
        part = np.arange(slot * measure.keys, (slot + 1) * measure.keys).repeat(each)
        for start in range(0, len(part), _BATCH):
            some = part[start : start + _BATCH]
            measure.add(some, Numbers(values(rng, len(some)), None))
        _look(measure, slot)


def _plain(measure: Measure) -> None:
    if measure.takes == "nothing":
        measure.add(_cells(measure.slots, measure.keys), None)
        _look(measure, measure.slots - 1)
    else:
        _numbers(measure, lambda rng, n: rng.uniform(1, 2, n), 1)


def _odd(measure: Measure) -> None:
    """Beyond what fits into the limbs of a sum."""
    _numbers(measure, lambda rng, n: 10.0 ** rng.uniform(290, 300, n), 2)


def _bins(measure: Measure) -> None:
    """Over many magnitudes, and for windows over as many as there are rows for."""
    if _sliding(measure):
        _numbers(measure, lambda rng, n: 10.0 ** rng.uniform(0, 16.6, n), 40)
    else:
        _numbers(
            measure,
            lambda rng, n: 10.0 ** rng.uniform(-150, 150, n),
            min(300_000 // measure.slots // measure.keys, 100),
        )


def _values(measure: Measure) -> None:
    """Each value in ten panes, the fullest of which are registers."""
    assert isinstance(measure, Distinct)
    for slot in range(measure.slots):
        keys = np.arange(measure.keys).repeat(100)
        number = slot // 10 * len(keys) + np.arange(len(keys), dtype=np.uint64)
        measure.add_hashes(slot * measure.keys + keys, number * np.uint64(_HASH))
        many = np.arange(EXACT + 1, dtype=np.uint64) + np.uint64(slot << 40)
        measure.add_hashes(np.full(len(many), slot * measure.keys), many * np.uint64(_HASH))
        _look(measure, slot)


def _texts(measure: Measure) -> None:
    """Each in three panes, none of which is short."""
    assert isinstance(measure, Top)
    each = 20
    for slot in range(measure.slots):
        names = Dictionary()  # which is not of the measure: one with all texts would take more than what is there
        keys = np.arange(measure.keys).repeat(each)
        texts = [f"{slot // 3} {i:0>87}" for i in range(len(keys))]
        measure.add(slot * measure.keys + keys, Coded(names.encode(texts), names))
        _look(measure, slot, 150)  # what is there for a moment is not the same for each window


def _all_new(measure: Measure, each: int, panes: int | None = None) -> Iterator[tuple[int, Ints, Words]]:
    """Slot by slot its cells, so often each, and users that were in none before, in two events each; `panes`: so many,
    where the slots are used again.
    """
    number = 0
    for pane in range(panes or measure.slots):
        slot = pane % measure.slots
        keys = np.arange(measure.keys).repeat(each)
        users = (np.arange(number, number + len(keys), dtype=np.uint64) // np.uint64(2)) * np.uint64(_HASH)
        number += len(keys)
        yield pane, slot * measure.keys + keys, users


def _users(measure: Measure) -> None:
    """Each user once, in two events; and some more when panes are closed, whose users are still known. Then one from
    between others is, so that what is known of windows has to be worked out anew.
    """
    again = min(16, measure.slots // 2)
    for pane, cells, users in _all_new(measure, 24, measure.slots + again):
        if pane >= measure.slots:
            measure.clear(pane % measure.slots)
            measure.open(pane % measure.slots, 100 + pane)
        times = pane * 1_000 + np.arange(len(cells)) * 999 // len(cells)
        measure.add(cells, Visits(users, times, np.ones(len(cells), np.int64)))
        if pane < measure.slots:
            _look(measure, pane)
    _look(measure, measure.slots - 1)
    measure.clear(measure.slots // 2)
    measure.open(measure.slots // 2, 100 + measure.slots + again)
    _look(measure, measure.slots - 1)


def _stays(measure: Measure) -> None:
    """Each user twice, with more than the gap in between: a session at hand, and one that a late event can reach."""
    for slot, cells, users in _all_new(measure, 12):
        times = slot * 1_000 + np.arange(len(cells)) % 2 * 800
        measure.add(cells, Visits(users, times, np.zeros(len(cells), np.int64)))
        if _is_read(measure, slot):
            measure.read_views(["count", "seconds", "bounce_rate"], *_window(measure, slot))


def _cohorts(measure: Measure) -> None:
    """Each user starts and comes back at once."""
    for slot, cells, users in _all_new(measure, 12):
        times, marks = np.full(len(cells), slot * 1_000), 1 + np.arange(len(cells)) % 2
        measure.add(cells, Visits(users, times, marks))
        _look(measure, slot)


def _sliding(measure: Measure) -> bool:
    return bool(getattr(measure, "_several", False))


def _is_read(measure: Measure, slot: int, looks: int = 30) -> bool:
    """Each slot; of windows about so many and the last, since a window takes the longer the later it ends."""
    return not (_sliding(measure) and slot % max(measure.slots // looks, 1) and slot < measure.slots - 1)


def _look(measure: Measure, slot: int, looks: int = 30) -> None:
    """Read the slot, or the window that ends with it."""
    if _is_read(measure, slot, looks):
        measure.read(*_window(measure, slot))


def _window(measure: Measure, slot: int) -> tuple[Ints, Ints]:
    slots = np.arange(slot + 1) if _sliding(measure) and slot else np.array([slot])
    return slots, np.arange(measure.keys)


FLOODS: Mapping[str, Callable[[Measure], None]] = {
    "count": _plain, "min": _plain, "max": _plain, "sum": _odd, "uniq": _values, "quantile": _bins, "top": _texts,
    "funnel": _users, "sessions": _stays, "retention": _cohorts,
}  # fmt: skip
_PARAMETERS: Mapping[str, Any] = {
    "funnel": FunnelSetting(2, 1_800_000), "top": 10, "sessions": SessionSetting(500),
    "retention": RetentionSetting(86_400_000, 7),
}  # fmt: skip


def flooded(name: str, *, several: bool) -> Flooded:
    """What a measure takes whose pools are full; `several`: while windows of several panes are read."""
    kind, keys = MEASURES[name], 100
    slots = 40 if several and name == "quantile" else 300  # as many as there are rows for, or more
    parameter = _PARAMETERS.get(name, 0)
    _flood(name, kind(2, 2, parameter), several=several)  # which loads what is loaded when it is needed
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        measure = kind(slots, keys, parameter)
        _flood(name, measure, several=several)
        most = tracemalloc.get_traced_memory()[1] - before
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    computed = kind.budget(slots, keys, parameter)
    computed += kind.window_budget(slots, keys, parameter) if several else 0
    return Flooded(most, held, computed, kind.passing(slots, keys, parameter))


def _flood(name: str, measure: Measure, *, several: bool) -> None:
    measure._several = several  # type: ignore[attr-defined]  # for this room only
    for slot in range(measure.slots):
        measure.open(slot, 100 + slot)
    FLOODS[name](measure)
