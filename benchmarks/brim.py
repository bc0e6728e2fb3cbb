"""Engines whose pools are all full: what memory they take is what was computed for them, or the computation is wrong.

Every pane has every key, with more different values, users and texts than there is room for; the windows were shown, so
what was said is kept, and the books of what is over are full. Pane by pane, since what was said of one stays when its
values have to make room for those of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from analytics import Batch, Engine, KpiSpec
from analytics.dictionary import MAX_ENTRIES
from analytics.time import MAX_SOURCES

__all__ = ["PAST", "brim"]

_START = 1_795_334_400_000
_BUDGET = 8 << 30
_NEW = 12
"""Values of a key in a pane that it had in no pane before."""
_SPREAD = {"uniq": 8, "top": 2}
"""In so many panes each value is; 1 if nothing is said."""
_TWICE = ("funnel",)
"""Of these each value comes twice: they remember events, and not values alone."""
PAST = (*range(-90_000, -4_000, 60), *range(-4_000, 0, 10))
"""Seconds before, each with events: enough for the books of coarser windows."""
_LONG = "/" + 79 * "x"
_BATCH, _PIECE = 2_000, 500
_OVER = 120
"""Keys beyond the cap in each pane."""


def _floats(rng: np.random.Generator, n: int) -> list[float]:
    """Over as many magnitudes as a row of counters has."""
    found: list[float] = (10.0 ** rng.uniform(-4, 12, n)).tolist()
    return found


def _odd(rng: np.random.Generator, n: int) -> list[float]:
    """Beyond what fits into the limbs of a sum."""
    found: list[float] = (10.0 ** rng.uniform(290, 300, n)).tolist()
    return found


_VALUES: Mapping[str, Callable[[np.random.Generator, int], list[float]]] = {"sum": _odd}


def brim(measure: str, spec: KpiSpec, panes: int, keys: int, past: Sequence[int] = PAST) -> Engine:
    """The engine of a KPI `by` the column `key` with at most `keys` keys and windows of so many panes of a second."""
    engine = Engine([spec], memory_budget=_BUDGET)
    values, rng = _VALUES.get(measure, _floats), np.random.default_rng(7)
    read = engine.schema.properties.keys()
    for number, second in enumerate(past):
        engine.ingest(_second(second, keys, 1, read, values, rng), 0)
        if not number % 100:
            engine.advance(0)
    each = _NEW * _SPREAD.get(measure, 1) * (1 + (measure in _TWICE))
    for second in range(panes):
        for part in _second(second, keys, each, read, values, rng).parts(_BATCH):
            engine.ingest(part, 0)
        engine.advance(0)
    _fill_the_rest(engine, panes - 1)
    return engine


def _second(
    second: int, keys: int, each: int, read: Collection[str], values: Callable[..., list[float]],
    rng: np.random.Generator,
) -> Batch:  # fmt: skip
    """So many events of each key in a second, and some of keys beyond the cap; the columns that are `read`."""
    n, over = keys * each, _OVER if each > 1 else 0
    # Values follow each other: a pane has those of the one before, but for the oldest.
    named = [f"{i % keys} {second * _NEW + i // keys}" for i in range(n)]
    made: dict[str, Callable[[], Sequence[str | float]]] = {
        "key": lambda: [f"k{i % keys}" for i in range(n)] + [f"over {second} {i}" for i in range(over)],
        "value": lambda: values(rng, n + over),
        "user": lambda: named + over * ["u"],
        "path": lambda: [f"{name}{_LONG}" for name in named] + over * ["/"],
        "event": lambda: ["a"] * (n + over),
        "distinct_id": lambda: [f"{second} {i % keys} {i // keys % _NEW}" for i in range(n)] + over * ["u"],
    }
    times = _START + second * 1_000 + np.arange(n + over) * 999 // (n + over)
    columns = {name: make() for name, make in made.items() if name in read}
    return Batch(n + over, times, columns, [("local", n + over)])


def _fill_the_rest(engine: Engine, second: int) -> None:
    """As many sources and, in the dictionaries, texts as there can be."""
    end = _START + second * 1_000 + 999
    engine.ingest(Batch(1, np.array([end - 1]), {}, [("behind", 1)]), 0)
    for first in range(0, 2 * MAX_SOURCES, _PIECE):  # of those that are gone some are still known below the one behind
        sources = [("behind", 1), *((f"{first + i:032x}", 1) for i in range(_PIECE))]
        times = np.full(len(sources), end)
        times[0] = end - 1
        engine.ingest(Batch(len(times), times, {}, sources), 0)
    engine.stats()
    for dictionary in engine.coders.values():
        dictionary.trim()
        for number in range(len(dictionary.values_by_code), MAX_ENTRIES - _PIECE, _PIECE):
            dictionary.hashes(dictionary.encode([f"{number + i:0>127}" for i in range(_PIECE)]))
    engine.advance(0)
