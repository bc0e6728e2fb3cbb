"""Event ids are remembered within a bound."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dedup import UuidHorizon, batch_key, uuid_key


def test_the_key_of_a_uuid_ignores_spelling() -> None:
    """Upper case and missing dashes are the same id; other texts have keys too."""
    text = "01934d0e-7b00-7000-8000-0000000000aa"
    assert uuid_key(text) == uuid_key(text.upper()) == uuid_key(text.replace("-", ""))
    assert uuid_key("order-17") == uuid_key("order-17") != uuid_key("order-18")
    assert 0 <= uuid_key("order-17") < 2**64


def test_different_ids_have_different_keys() -> None:
    """Ids of equal halves, and texts that only read like the same number."""
    ids = ["1" * 8 + "-1111-1111-1111-" + "1" * 12, "2" * 8 + "-2222-2222-2222-" + "2" * 12, "1", "01", "0x1", "0_1"]
    assert len(set(map(uuid_key, ids))) == len(ids)


def test_each_batch_has_a_key_of_its_own() -> None:
    """By producer, epoch and number; no text of an event id gives the same."""
    batches = [(p, e, s) for p in ("p", "1:p", "q") for e in (0, 1, 2) for s in (0, 1, 2, 2**53)]
    keys = [batch_key(*batch) for batch in batches] + [uuid_key(f"{e}:{p}") for p, e, _ in batches[::4]]
    assert len(set(keys)) == len(keys)
    assert all(0 <= key < 2**64 for key in keys)
    assert batch_key("p", 1, 2) == 12046462849939015347, "what a snapshot keeps must not change"


@given(st.lists(st.lists(st.integers(0, 12), max_size=8), max_size=8))
def test_repeats_are_those_seen_before(groups: list[list[int]]) -> None:
    """Within a wide horizon, exactly the second and later occurrences are repeats."""
    horizon = UuidHorizon(1_000)
    seen: set[int] = set()
    for group in groups:
        expected = []
        for place, key in enumerate(group):
            if key in seen:
                expected.append(place)
            seen.add(key)
        assert horizon.claim(group) == expected


def test_the_oldest_half_is_forgotten() -> None:
    """Never more than the capacity, never less than half of it."""
    horizon = UuidHorizon(10)
    for key in range(100):
        horizon.claim([key])
        assert len(horizon) <= 10
    assert horizon.claim([99, 98, 97, 96, 95]) == [0, 1, 2, 3, 4]
    assert horizon.claim([1]) == []
    assert horizon.forgotten >= 85


@given(st.sets(st.integers(0, 2**64 - 1), max_size=30))
def test_bytes_bring_it_back(keys: set[int]) -> None:
    """The same ids give the same bytes, in whatever order they came."""
    first, second, third = UuidHorizon(20), UuidHorizon(20), UuidHorizon(20)
    for key in sorted(keys):
        first.claim([key])
    second.load(first.to_bytes())
    assert second.to_bytes() == first.to_bytes()
    if len(keys) < 10:
        third.claim(sorted(keys, reverse=True))
        assert third.to_bytes() == first.to_bytes()


def test_a_frozen_horizon_does_not_change() -> None:
    """Ids that come later, and a turn of the generations, are not in its bytes."""
    horizon = UuidHorizon(10)
    for key in range(7):
        horizon.claim([key])
    frozen, then = horizon.frozen(), horizon.to_bytes()
    for key in range(7, 20):
        horizon.claim([key])
    assert frozen() == then != horizon.to_bytes()


@given(st.lists(st.lists(st.integers(0, 12), max_size=8), max_size=8))
def test_bytes_hold_each_id_once_whatever_was_repeated(groups: list[list[int]]) -> None:
    """What a restart brings back is what was looked up before it."""
    horizon, other = UuidHorizon(10), UuidHorizon(10)
    for group in groups:
        horizon.claim(group)
    other.load(horizon.to_bytes())
    assert len(horizon.to_bytes()) == 8 + 8 * len(horizon)
    assert other.to_bytes() == horizon.to_bytes()
    assert (other._young.tolist(), other._old.tolist()) == (
        sorted(horizon._newest | set(horizon._young.tolist())),
        horizon._old.tolist(),
    )


def test_the_oldest_half_is_forgotten_whatever_repeats() -> None:
    """Across merges and generations, repeats are those of a plain pair of sets."""
    rng = random.Random(1)
    horizon, young, old, forgotten = UuidHorizon(400), set[int](), set[int](), 0
    for _ in range(600):
        keys = [rng.randrange(700) << 54 for _ in range(rng.randrange(9))]
        expected = []
        for place, key in enumerate(keys):
            if key in young or key in old:
                expected.append(place)
            else:
                young.add(key)
        if len(young) >= 200:
            old, young, forgotten = young, set(), forgotten + len(old)
        assert horizon.claim(keys) == expected
        assert (len(horizon), horizon.forgotten) == (len(young) + len(old), forgotten)


def test_an_id_takes_no_more_than_a_dozen_bytes() -> None:
    """A full horizon holds 8 bytes for each id and a few thousand numbers of Python, and says so."""
    rng, capacity = random.Random(1), 200_000
    horizon = UuidHorizon(capacity)
    tracemalloc.start()
    try:
        for _ in range(capacity // 100 - 1):
            horizon.claim([rng.getrandbits(64) for _ in range(100)])
            assert horizon.memory_bytes <= 12 * capacity
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(horizon) == capacity - 100
    assert held <= 12 * capacity
    assert held == pytest.approx(horizon.memory_bytes, rel=0.2)
