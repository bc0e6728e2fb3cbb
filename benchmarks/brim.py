"""Engines whose pools are all full: what memory they take is what was computed for them, or the computation is wrong.

Every pane has every key, with more different values, users and texts than there is room for; the windows were shown, so
what was said is kept, and the books of what is over are full. Pane by pane, since what was said of one stays when its
values have to make room for those of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from analytics import Batch, Engine, KpiSpec
from analytics.dictionary import MAX_ENTRIES
from analytics.time import MAX_SOURCES

__all__ = ["PAST", "brim"]

_START = 1_795_334_400_000
_BUDGET = 8 << 30
_VALUES_EACH = 12
"""Different values of a key in a pane."""
_TWICE = ("funnel",)
"""Of these each value comes twice: they remember events, and not values alone."""
PAST = (*range(-90_000, -4_000, 60), *range(-4_000, 0, 10))
"""Seconds before, each with events: enough for the books of coarser windows."""
_LONG = "/" + 119 * "x"
_BATCH, _PIECE = 2_000, 500
_OVER = 60
"""Keys beyond the cap in each pane."""


def _floats(rng: np.random.Generator, n: int) -> list[float]:
    """Over as many magnitudes as a row of counters has."""
    found: list[float] = (10.0 ** rng.uniform(-4, 12, n)).tolist()
    return found


def _odd(rng: np.random.Generator, n: int) -> list[float]:
    """Beyond what fits into the limbs of a sum."""
    found: list[float] = (10.0 ** rng.uniform(-300, -250, n)).tolist()
    return found


_VALUES: Mapping[str, Callable[[np.random.Generator, int], list[float]]] = {"sum": _odd}


def brim(measure: str, spec: KpiSpec, panes: int, keys: int, past: Sequence[int] = PAST) -> Engine:
    """The engine of a KPI `by` the column `key` with at most `keys` keys and windows of so many panes of a second."""
    engine = Engine([spec], memory_budget=_BUDGET)
    values, rng = _VALUES.get(measure, _floats), np.random.default_rng(7)
    for number, second in enumerate(past):
        engine.ingest(_second(second, keys, 1, values, rng), 0)
        if not number % 100:
            engine.advance(0)
    each = _VALUES_EACH * (1 + (measure in _TWICE))
    for second in range(panes):
        for part in _second(second, keys, each, values, rng).parts(_BATCH):
            engine.ingest(part, 0)
        engine.advance(0)
    _fill_the_rest(engine, panes - 1)
    return engine


def _second(second: int, keys: int, each: int, values: Callable[..., list[float]], rng: np.random.Generator) -> Batch:
    """So many events of each key in a second, and some of keys beyond the cap."""
    n = keys * each
    of = [i % keys for i in range(n)]
    nth = [i // keys % _VALUES_EACH for i in range(n)]
    over = _OVER if each > 1 else 0
    columns: dict[str, Sequence[str | float]] = {
        "key": [f"k{i}" for i in of] + [f"over {second} {i}" for i in range(over)],
        "value": values(rng, n + over),
        "user": [f"{second} {i} {j}" for i, j in zip(of, nth, strict=True)] + over * ["u"],
        "path": [f"{second} {i} {j}{_LONG}" for i, j in zip(of, nth, strict=True)] + over * ["/"],
        "event": ["a"] * (n + over),
        "distinct_id": [f"{second} {i} {j}" for i, j in zip(of, nth, strict=True)] + over * ["u"],
    }
    times = _START + second * 1_000 + np.arange(n + over) * 999 // (n + over)
    return Batch(n + over, times, columns, [("local", n + over)])


def _fill_the_rest(engine: Engine, second: int) -> None:
    """As many sources and, in the dictionaries, texts as there can be."""
    times = np.full(MAX_SOURCES, _START + second * 1_000, np.int64)
    sources = [(f"{number:032x}", 1) for number in range(MAX_SOURCES)]
    for first in range(0, MAX_SOURCES, _PIECE):
        part = slice(first, first + _PIECE)
        n = len(sources[part])
        engine.ingest(Batch(n, times[part], {}, sources[part], skip=np.ones(n, np.bool_)), 0)
    engine.stats()
    for dictionary in engine.coders.values():
        dictionary.trim()
        for number in range(len(dictionary.values_by_code), MAX_ENTRIES - _PIECE, _PIECE):
            dictionary.hashes(dictionary.encode([f"{number + i:0>115}" for i in range(_PIECE)]))
    engine.advance(0)
