"""Engines whose pools are all full: what memory they take is what was computed for them, or the computation is wrong.

Every pane that there is room for has every key, with more different values, users and texts than there is room for; the
windows were shown, so what was said is kept, and the books of what is over are full. Pane by pane, since what was said
of one stays when its values have to make room for those of the next. One source holds all of it open and then comes to
where the others are, so that everything is final at once. Rows are taken as the gateway takes them: those for which
there is no room do not wait for a tick.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from analytics import Batch, Engine, KpiSpec
from analytics.dictionary import MAX_ENTRIES, MAX_TEXT, Dictionary
from analytics.plan import make_plan
from analytics.time import MAX_SOURCES, STALE

__all__ = ["NEW", "PAST", "brim"]

_START = 1_795_334_400_000
_BUDGET = 8 << 30
NEW = 12
"""Values of a key in a pane that it had in no pane before."""
_SPREAD = {"uniq": 8, "top": 4}
"""In so many panes each value is, unless a pane would have more than `_EXACT`; 1 if nothing is said."""
_RARE = {"top": 4}
"""Of so many new values there is one: as many different texts as fit while they are as long as texts can be."""
_EXACT, _MORE = 512, 32
_TWICE = ("funnel",)
"""Of these each value comes twice: they remember events, and not values alone."""
_AGAIN = 8
"""Times that what they have of the last pane comes once more, until some of it has to be dropped."""
_CLOSED = 16
"""Panes of those that are closed before all is full."""
PAST = (*range(-90_000, -4_000, 60), *range(-4_000, 0, 10))
"""Seconds before, each with events: enough for the books of coarser windows."""
_LONG = "/" + 119 * "x"
_BATCH, _PIECE, _JOINED = 2_000, 500, 50
_OVER = 120
"""Keys beyond the cap in each pane."""


def _floats(rng: np.random.Generator, n: int) -> list[float]:
    """Over as many magnitudes as a row of counters has."""
    found: list[float] = (10.0 ** rng.uniform(-4, 12, n)).tolist()
    return found


def _near(rng: np.random.Generator, n: int) -> list[float]:
    """So close together that every cell of some hundred panes has a row of counters."""
    found: list[float] = (10.0 ** rng.uniform(0, 1, n)).tolist()
    return found


def _odd(rng: np.random.Generator, n: int) -> list[float]:
    """Beyond what fits into the limbs of a sum."""
    found: list[float] = (10.0 ** rng.uniform(290, 300, n)).tolist()
    return found


_VALUES: Mapping[str, Callable[[np.random.Generator, int], list[float]]] = {"sum": _odd}


def brim(measure: str, spec: KpiSpec, keys: int, past: Sequence[int] = PAST, new: int = NEW) -> Engine:
    """The engine of a KPI `by` the column `key`, or by none, with at most `keys` keys and panes of a second; `new` are
    the values of a key in a pane that it had in no pane before.
    """
    engine = Engine([spec], memory_budget=_BUDGET)
    engine.spill(lambda _: None)
    slides = measure == "quantile" and spec.window.startswith("sliding")
    values, rng = _near if slides else _VALUES.get(measure, _floats), np.random.default_rng(7)
    new = max(new // _RARE.get(measure, 1), 1)
    read = engine.schema.properties.keys()
    # A window of two panes is read before fifty more come at once, as a gateway would: measures see what windows are.
    steps = [[second] for second in past[:2]] + [past[at : at + _JOINED] for at in range(2, len(past), _JOINED)]
    for some in steps:
        engine.ingest(Batch.joined([_second(second, keys, 1, new, read, values, rng) for second in some]), 0)
        engine.advance(0)
    _behind(engine, _START)
    each = new * min(_SPREAD.get(measure, 1), max(_EXACT // new, 1)) * (1 + (measure in _TWICE))
    grid = make_plan([spec], {}, _BUDGET).grids[0]
    panes, closed = grid.panes, grid.window.size + grid.delay + grid.grace + _CLOSED * 1_000
    # Where a pane has nearly as many values as are kept exactly, some more first, which are estimated.
    more = [_MORE] * panes if measure in _SPREAD and each > _EXACT - _MORE else []

    def come(second: int, beyond: int = 0) -> None:
        for part in _second(second, keys, each + beyond, new + beyond, read, values, rng).parts(_BATCH):
            engine.ingest(part, 0)

    for second, beyond in enumerate(more + [0] * panes):
        if measure in _TWICE and second == panes * 3 // 4:
            # Some panes are closed, whose users are still known: so are more than there is room for in the others.
            _behind(engine, _START + closed)
        come(second, beyond)
        engine.advance(0)
    end = _START + (len(more) + panes) * 1_000 - 1
    _fill_the_clock(engine, end)
    engine.stats()
    last = [len(more) + panes - 1] * (measure in _TWICE)
    engine.trim()
    for second in last:  # so that its texts are among those that are known
        come(second)
    for dictionary in engine.coders.values():
        _fill(dictionary)
    for second in _AGAIN * last:
        come(second)
    engine.advance(0)
    _behind(engine, end)
    engine.advance(0)
    return engine


def _behind(engine: Engine, time: int) -> None:
    """The source that lags behind the others comes to this time."""
    engine.ingest(Batch(1, np.array([time]), {}, [("behind", 1)]), 0)


def _second(
    second: int, keys: int, each: int, new: int, read: Collection[str], values: Callable[..., list[float]],
    rng: np.random.Generator,
) -> Batch:  # fmt: skip
    """So many events of each key in a second, and some of keys beyond the cap; the columns that are `read`."""
    n, over = keys * each, _OVER if each > 1 else 0
    # Values follow each other: a pane has those of the one before, but for the oldest.
    named = [f"{i % keys} {second * new + i // keys}" for i in range(n)]
    made: dict[str, Callable[[], Sequence[str | float]]] = {
        "key": lambda: [f"k{i % keys}" for i in range(n)] + [f"over {second} {i}" for i in range(over)],
        "value": lambda: values(rng, n + over),
        "user": lambda: named + over * ["u"],
        "path": lambda: [f"{name}{_LONG}" for name in named] + over * ["/"],
        # The last step and then the first one: both have to be kept, as either may count.
        "event": lambda: ["b"] * (n // 2 if each > 1 else 0) + ["a"] * (n - n // 2 + over if each > 1 else n + over),
        "distinct_id": lambda: [f"{second} {i % keys} {i // keys % new}" for i in range(n)] + over * ["u"],
    }
    times = _START + second * 1_000 + np.arange(n + over) * 999 // (n + over)
    columns = {name: make() for name, make in made.items() if name in read}
    return Batch(n + over, times, columns, [("local", n + over)])


def _fill_the_clock(engine: Engine, end: int) -> None:
    """As many sources as there can be; of those that are gone as many are still known, below the one behind, as are
    before they are forgotten together for the third time; its table has grown by then.
    """
    most = MAX_SOURCES + 3 * (MAX_SOURCES // STALE)
    for number, first in enumerate(range(0, most - _PIECE, _PIECE), 1):
        sources = [("behind", 1), *((f"{first + i:032x}", 1) for i in range(_PIECE))]
        times = np.full(len(sources), end)
        times[0] = _START
        engine.ingest(Batch(len(times), times, {}, sources), number)


def _fill(dictionary: Dictionary) -> None:
    """As many texts as there can be, and as long."""
    dictionary.trim()
    known = dictionary.values_by_code
    left = MAX_ENTRIES - len(known)
    length = max((MAX_TEXT - sum(len(text) for text in known if text)) // max(left, 1), 8)
    for first in range(0, left, _PIECE):
        texts = [f"{number:0>{length}}" for number in range(first, min(first + _PIECE, left))]
        dictionary.hashes(dictionary.encode(texts))
