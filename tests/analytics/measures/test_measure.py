"""The contract of every measure in the registry, found by looking there."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.measures import MEASURES, Measure
from analytics.packed import packed_each
from tests.analytics.measures.floods import FLOODS, flooded
from tests.analytics.measures.values import add, cells, opened, read

KINDS = pytest.mark.parametrize("kind", list(MEASURES.values()), ids=list(MEASURES))
APART = pytest.mark.parametrize(
    "kind",
    [kind for kind in MEASURES.values() if not kind.tracks],
    ids=[n for n, k in MEASURES.items() if not k.tracks],
)
"""Those that session windows can have."""
EMPTY = {
    "count": 0,
    "uniq": 0,
    "sessions": 0,
    "top": packed_each([{"items": []}])[0],
    "funnel": b'{"steps":[0,0]}',
    "retention": b'{"size":0,"returned":[0,0]}',
}
KEYS = cells(0, 1)
BATCH = 1 << 20  # what counting and reading take for as long as that takes
OBJECTS = 4_096  # the measure itself and the headers of its arrays
VALUES = st.binary(max_size=30).map(lambda drawn: [(byte % 6, (byte // 6 % 9 - 4) / 8) for byte in drawn])
"""Up to 30 events: a cell of six, and one of nine numbers. One draw for all of them costs a tenth of one for each."""


@KINDS
def test_an_empty_window_reads_as_nothing(kind: type[Measure]) -> None:
    """Counts of nothing are 0; everything else of nothing is null or empty."""
    name = next(name for name, other in MEASURES.items() if other is kind)
    assert read(opened(kind), 0, 1) == [EMPTY.get(name)] * 2


@KINDS
@given(values=VALUES)
def test_merging_equals_all_at_once(kind: type[Measure], values: list[tuple[int, float]]) -> None:
    """Panes merged into a slot, read together, or counted in one slot: the same value and the same bytes."""
    apart, together = opened(kind, 4), opened(kind, 4)
    add(apart, [cell for cell, _ in values], [v for _, v in values])
    add(together, [cell % 2 for cell, _ in values], [v for _, v in values])
    expected = read(together, 0)
    assert read(apart, 0, 1, 2) == expected
    apart.merge(cells(0, 1, 2), 3)
    assert read(apart, 3) == expected
    if not kind.tracks:  # what follows users knows where each event was, so it differs by the panes
        assert_same_state(apart.dump(cells(3), KEYS), together.dump(cells(0), KEYS))


@KINDS
@given(values=VALUES, seed=st.integers(0, 99))
def test_order_and_batching_do_not_matter(kind: type[Measure], values: list[tuple[int, float]], seed: int) -> None:
    """Any order of events and any batches make the same state, byte for byte."""
    shuffled = random.Random(seed).sample(values, len(values))
    one, other = opened(kind), opened(kind)
    add(one, [cell for cell, _ in values], [v for _, v in values])
    for cell, value in shuffled:
        add(other, [cell], [value])
    slots = cells(0, 1, 2)
    assert_same_state(one.dump(slots, KEYS), other.dump(slots, KEYS))


@KINDS
@given(values=VALUES)
def test_state_survives_a_dump(kind: type[Measure], values: list[tuple[int, float]]) -> None:
    """A dump loaded into other slots of an empty measure reads the same and dumps the same bytes."""
    old, new = opened(kind), opened(kind, 5)
    add(old, [cell for cell, _ in values], [v for _, v in values])
    dump = old.dump(cells(0, 1, 2), KEYS)
    new.load(cells(4, 2, 3), KEYS, dump)
    assert [read(new, slot) for slot in (4, 2, 3)] == [read(old, slot) for slot in (0, 1, 2)]
    assert_same_state(new.dump(cells(4, 2, 3), KEYS), dump)
    add(new, [4], [0.75])
    add(old, [2], [0.75])
    assert read(new, 2, 3) == read(old, 1, 2)
    assert read(new, 2, 3, 4) == read(old, 0, 1, 2)


@KINDS
@given(values=VALUES)
def test_a_cleared_slot_is_empty(kind: type[Measure], values: list[tuple[int, float]]) -> None:
    """Clearing a slot leaves the others alone, and the slot as good as new."""
    measure, fresh = opened(kind), opened(kind)
    add(measure, [cell for cell, _ in values], [v for _, v in values])
    kept = read(measure, 1, 2)
    measure.clear(0)
    measure.open(0, 555)
    assert read(measure, 0) == read(fresh, 0)
    assert read(measure, 1, 2) == kept
    add(measure, [0], [0.75])
    add(fresh, [0], [0.75])
    assert read(measure, 0) == read(fresh, 0)


@KINDS
@given(values=VALUES)
def test_subtracting_takes_a_pane_back_out(kind: type[Measure], values: list[tuple[int, float]]) -> None:
    """Where a measure claims to be invertible, adding a pane and taking it out leaves no trace."""
    measure = opened(kind, 4)
    add(measure, [cell for cell, _ in values], [v for _, v in values])
    if not kind.invertible:
        with pytest.raises(NotImplementedError):
            measure.subtract(0, 3)
        return
    measure.merge(cells(0, 1), 3)
    measure.subtract(1, 3)
    assert read(measure, 3) == read(measure, 0)
    measure.subtract(0, 3)
    assert_same_state(measure.dump(cells(3), KEYS), opened(kind).dump(cells(0), KEYS))


@APART
@given(values=VALUES)
def test_joining_cells_equals_all_at_once(kind: type[Measure], values: list[tuple[int, float]]) -> None:
    """Two cells joined into a third read as if their events had come to it, and dump the same bytes."""
    apart, together = opened(kind, 1, 6), opened(kind, 1, 6)
    add(apart, [cell for cell, _ in values], [v for _, v in values])
    add(together, [5 if cell in (0, 3) else cell for cell, _ in values], [v for _, v in values])
    apart.join(cells(0, 3), cells(5, 5))
    apart.vacate(cells(0, 3))
    every = tuple(range(6))
    assert read(apart, 0, keys=every) == read(together, 0, keys=every)
    assert_same_state(apart.dump(cells(0), cells(*every)), together.dump(cells(0), cells(*every)))


@APART
@given(values=VALUES)
def test_a_vacated_cell_is_empty(kind: type[Measure], values: list[tuple[int, float]]) -> None:
    """Vacating cells leaves the others alone, and those as good as new, however often."""
    measure, fresh = opened(kind, 1, 6), opened(kind, 1, 6)
    for _ in range(2):
        add(measure, [cell for cell, _ in values], [v for _, v in values])
        measure.vacate(cells(0, 2, 5))
        assert read(measure, 0, keys=(0, 2, 5)) == read(fresh, 0, keys=(0, 2, 5))
    add(measure, [0, 2], [0.25, 0.5])
    add(fresh, [0, 2], [0.25, 0.5])
    others = [(cell, v) for cell, v in [*values, *values] if cell not in (0, 2, 5)]
    add(fresh, [cell for cell, _ in others], [v for _, v in others])
    every = tuple(range(6))
    assert read(measure, 0, keys=every) == read(fresh, 0, keys=every)
    assert_same_state(measure.dump(cells(0), cells(*every)), fresh.dump(cells(0), cells(*every)))
    restored = opened(kind, 1, 6)
    restored.load(cells(0), cells(*every), measure.dump(cells(0), cells(*every)))
    assert read(restored, 0, keys=every) == read(measure, 0, keys=every)


@KINDS
@pytest.mark.parametrize(("slots", "keys"), [(40, 1), (6, 101)])
def test_bytes_stay_within_the_budget(kind: type[Measure], slots: int, keys: int) -> None:
    """Flooded with distinct values in every cell, the arrays take no more than was computed."""
    measure = opened(kind, slots, keys)
    rng = np.random.default_rng(1)
    for batch in range(10):
        at = rng.integers(0, slots * keys, 20_000)
        add(measure, at.tolist(), [i * 1e-30 if kind.takes == "number" else f"{batch}-{i}" for i in range(20_000)])
    assert 0 < size_of(measure) <= kind.budget(slots, keys, measure.parameter) + OBJECTS


@KINDS
@pytest.mark.parametrize(("slots", "keys"), [(40, 1), (6, 101)])
def test_reading_windows_takes_no_more_than_was_computed(kind: type[Measure], slots: int, keys: int) -> None:
    """The same while windows of several panes are read, with what is kept for those."""
    measure = opened(kind, slots, keys)
    rng = np.random.default_rng(1)
    for batch in range(8):
        at = rng.integers(0, slots * keys, 20_000)
        add(measure, at.tolist(), [i * 1e-30 if kind.takes == "number" else f"{batch}-{i}" for i in range(20_000)])
        read(measure, *range(batch % 3, slots - batch % 2), keys=tuple(range(keys)))
    room = kind.budget(slots, keys, measure.parameter) + kind.window_budget(slots, keys, measure.parameter)
    assert 0 < size_of(measure) <= room + OBJECTS


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("name", FLOODS)
def test_full_pools_take_what_was_computed(name: str, several: bool) -> None:
    """Within a tenth: what is held is never more, nor is it at any moment with what is there for that only."""
    found = flooded(name, several=several)
    assert found.held <= found.computed + OBJECTS
    assert 0.9 * (found.computed + found.passing) <= found.most <= found.computed + found.passing + BATCH


@KINDS
def test_keys_can_be_read_apart(kind: type[Measure]) -> None:
    """Reading some keys gives what reading all gives for them."""
    measure = opened(kind, 3, 4)
    add(measure, [0, 1, 3, 5, 7, 9], [1, 2, 3, 4, 5, 6])
    everything = read(measure, 0, 1, 2, keys=(0, 1, 2, 3))
    assert read(measure, 0, 1, 2, keys=(1, 3)) == [everything[1], everything[3]]
    assert read(measure, 1, keys=(3,)) == [read(measure, 1, keys=(0, 1, 2, 3))[3]]


def assert_same_state(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Equal buffers under equal names."""
    assert {k: v.tobytes() for k, v in one.items()} == {k: v.tobytes() for k, v in other.items()}


def size_of(value: Any, seen: set[int] | None = None) -> int:
    """Bytes of an object and everything it holds, functions and classes left out."""
    seen = set() if seen is None else seen
    if id(value) in seen or callable(value):
        return 0
    seen.add(id(value))
    size = value.nbytes if isinstance(value, np.ndarray) else sys.getsizeof(value)
    if isinstance(value, dict):
        return size + sum(size_of(k, seen) + size_of(v, seen) for k, v in value.items())
    if isinstance(value, list | tuple | set):
        return size + sum(size_of(item, seen) for item in value)
    return size + (size_of(vars(value), seen) if hasattr(value, "__dict__") else 0)
