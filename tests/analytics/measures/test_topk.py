"""`top`: exact until a cap, then with bounds that hold."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from analytics.measures import topk as module
from analytics.measures.topk import Top
from analytics.packed import plain_each
from tests.analytics.measures.values import add, cells, opened, read
from tests.analytics.simple import values_of


def items(measure: Any, *slots: int) -> Any:
    return plain_each(read(measure, *slots, keys=(0,)))[0]


def test_items_are_ordered_by_count_then_value() -> None:
    """Ties are broken by the value: false before true before numbers before texts."""
    events = [{"x": v} for v in ("b", "a", 10, 9, True, False, None, "b", 'q"')]
    assert values_of("top(x, 10)", events) == [
        {"items": [["b", 2], [False, 1], [True, 1], [9, 1], [10, 1], ["a", 1], ['q"', 1]]}
    ]
    assert values_of("top(x, 2)", events) == [{"items": [["b", 2], [False, 1]]}]


def test_counts_of_panes_add_up() -> None:
    """A window over panes counts a value in all of them."""
    pages = opened(Top, 3, 1)
    add(pages, [0, 0, 1, 1, 2], ["x", "y", "y", "y", "x"])
    assert items(pages, 0, 1, 2) == {"items": [["y", 3], ["x", 2]]}
    assert items(pages, 1) == {"items": [["y", 2]]}


def test_bounds_hold_once_approximate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the cap each true count lies within its published bounds, and heavy values are found."""
    monkeypatch.setattr(module, "MAX_VALUES", 50)
    rng = random.Random(3)
    stream = [f"v{int(rng.paretovariate(0.7)) % 2_000}" for _ in range(20_000)]
    pages = opened(Top, 1, 1)
    for start in range(0, len(stream), 500):
        add(pages, [0] * 500, stream[start : start + 500])
    found, truth = items(pages, 0), Counter(stream)
    assert [[n, n + slack(found)] for _, n in found["items"]] == found["bounds"]
    for (value, _), (low, high) in zip(found["items"], found["bounds"], strict=True):
        assert low <= truth[value] <= high
    assert {value for value, _ in truth.most_common(3)} <= {value for value, _ in found["items"]}


def slack(found: Any) -> int:
    low, high = found["bounds"][0]
    return int(high - low)


def test_too_many_values_in_all_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cap on all cells together forgets in the fullest ones; small ones stay exact."""
    monkeypatch.setattr(module, "MAX_PAIRS", 100)
    pages = opened(Top, 1, 2)
    add(pages, [1, 1, 1] + [0] * 150, ["a", "a", "b", *range(150)])
    crowded, small = plain_each(read(pages, 0))
    assert small == {"items": [["a", 2], ["b", 1]]}
    assert "bounds" in crowded


def test_a_million_distinct_values_take_bounded_memory() -> None:
    """Values that nobody counts any more are forgotten by name as well."""
    pages = opened(Top, 1, 1)
    for start in range(0, 100_000, 2_000):
        add(pages, [0] * 2_002, ["/", "/", *(f"/page/{i}" for i in range(start, start + 2_000))])
    assert len(pages._names.texts) < 20_000  # type: ignore[attr-defined]
    assert items(pages, 0)["items"][0] == ["/", 100]
    state = pages.dump(cells(0), cells(0))
    assert sum(array.nbytes for array in state.values()) < 400_000


@pytest.mark.parametrize("piece", [1, 7, 64])
def test_many_values_are_looked_at_some_at_a_time(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few together, what is shown is what a count of all says: ties, other keys and former windows included."""
    monkeypatch.setattr(module, "PIECE", piece)
    rng, slots, keys = random.Random(piece), 6, 3
    pages, counted = opened(Top, slots, keys, parameter=4), [Counter[str]() for _ in range(slots * keys)]
    for _ in range(8):
        at = [rng.randrange(slots * keys) for _ in range(150)]
        texts = [f"v{rng.randrange(12) * rng.randrange(4)}" for _ in at]
        add(pages, at, texts)
        for cell, text in zip(at, texts, strict=True):
            counted[cell][text] += 1
        first = rng.randrange(slots - 1)
        for window in (range(first, first + 1), range(first, slots), range(first, first + 2)):
            asked = rng.sample(range(keys), rng.randint(1, keys))
            expected = []
            for key in sorted(asked):
                truth = sum((counted[slot * keys + key] for slot in window), Counter[str]())
                best = sorted(truth.items(), key=lambda item: (-item[1], item[0]))
                expected.append({"items": [[text, n] for text, n in best[:4]]})
            assert plain_each(read(pages, *window, keys=tuple(sorted(asked)))) == expected
