"""Names behind hashes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Words
from analytics.dictionary import hash_value
from analytics.measures.names import LONGEST, SHORT, TEXT_BYTES, Names
from analytics.names import sort_key


def words(hashes: Iterable[int]) -> Words:
    """Hashes."""
    return np.array(list(hashes), np.uint64)


def named(used: list[int] | None = None) -> Names:
    """Names of which these numbers are in use."""
    return Names(10_000, lambda: np.array(used or [], np.uint64), lambda _: None)


def test_a_learned_value_is_kept_and_an_unknown_hash_has_none() -> None:
    """Hashes are looked up in the order they are asked for, and the first value learned of one stays."""
    names = named()
    names.learn(words([1, 2]), ["one", 2])
    names.learn(words([1]), ["other"])
    assert names.of(words([2, 3, 1])) == [2, None, "one"]


def test_a_long_text_is_cut_between_characters() -> None:
    """No more than `LONGEST` bytes of a text are kept, and never a part of a character."""
    names = named()
    names.learn(words([1, 2]), ["x" + "é" * LONGEST, "y" * LONGEST])
    cut, whole = names.of(words([1, 2]))
    assert cut == "x" + "é" * ((LONGEST - 1) // 2)
    assert whole == "y" * LONGEST


def test_names_nobody_counts_are_forgotten_when_it_fills_up() -> None:
    """Far more text than the cap goes through while the names in use are kept, under the numbers that are told."""
    used, told = words([0, 0]), list[Words]()

    def renumber(numbers: Words) -> None:
        used[:] = numbers[used.astype(np.int64)]
        told.append(numbers)

    names = Names(10_000, lambda: used, renumber)
    for start in range(0, 60_000, 10_000):
        texts = [f"name {i}" + "." * 100 for i in range(start, start + 10_000)]
        numbers = names.learn(words(range(start, start + 10_000)), texts)
        if not start:
            used[:] = numbers[[3, 5]]
        names.sweep()
    assert told
    assert [text.rstrip(".") for text in names.of(words([3, 5]))] == ["name 3", "name 5"]
    assert [names.texts[number].rstrip(".") for number in used.tolist()] == ["name 3", "name 5"]
    assert names.of(words([4])) == [None]
    assert len(names.texts) < 50_000


def test_a_dump_loads_into_equal_names() -> None:
    """A dump holds each asked hash once, and loading it gives the same values back."""
    names = named()
    names.learn(words([2**63 + 1, 7, 8]), ["é", None, True])
    state = names.dump(np.array([7, 2**63 + 1, 7], np.uint64))
    assert state["name_hashes"].tolist() == [7, 2**63 + 1]
    other = named()
    assert sorted(other.load(state).tolist()) == [1, 2]
    assert other.of(words([2**63 + 1, 7, 8])) == ["é", None, None]


def test_texts_take_no_more_than_was_computed() -> None:
    """However they are made of characters: when they are too large together, they are all cut, and stay so."""
    for letter in ("x", "\u00e9", "\u4e2d", "\U0001f600"):
        names = Names(2_000, lambda: np.zeros(0, np.uint64), lambda _: None)
        names.learn(words(range(2_000)), [f"{i} {letter}" + "y" * 300 for i in range(2_000)])
        assert sum(text.__sizeof__() for text in names.texts[1:]) <= 2_000 * TEXT_BYTES
        names.learn(words([9_999]), ["z" * 200])
        assert names.of(words([9_999])) == ["z" * SHORT]
        assert names.of(words([5]))[0].startswith(f"5 {letter}")


def test_ranks_are_those_of_the_values() -> None:
    """Asked again when there are new ones, too; texts that were cut to the same go by hash."""
    names = named()
    long = "x" * LONGEST
    numbers = names.learn(words([9, 8, 7, 6, 5]), ["b", 3, long + "two", long + "one", "a"]).tolist()
    assert names.ranks(np.array(numbers)).argsort().tolist() == [1, 4, 0, 3, 2]
    numbers += names.learn(words([1, 2, 20]), [True, long + "zero", long]).tolist()
    ranks = names.ranks(np.array([*numbers, numbers[0]]))
    assert ranks.argsort(kind="stable").tolist() == [5, 1, 4, 0, 8, 6, 3, 2, 7]
    assert names.numbers(ranks).tolist() == [*numbers, numbers[0]]


@given(
    steps=st.lists(
        st.tuples(st.lists(st.one_of(st.text("ab", max_size=3), st.integers(-3, 3), st.booleans())), st.booleans())
    )
)
def test_ranks_hold_whatever_was_asked_before(steps: list[tuple[list[Any], bool]]) -> None:
    """Learned in any order, asked for now and then, swept in between: ranks are those of all values put in order."""
    used, values = list[int](), list[Any]()

    def renumbered(numbers: Words) -> None:
        used[:] = numbers[used].tolist()

    names = Names(10_000, lambda: np.array(used, np.uint64), renumbered)
    for fresh, forget in steps:
        values += fresh
        used += names.learn(words([hash_value(value) for value in fresh]), fresh).tolist()
        if forget:
            del used[::2], values[::2]
            names.sweep()
        if used:
            ranks = names.ranks(np.array(used)).tolist()
            assert sorted(values, key=sort_key) == [value for _, value in sorted(zip(ranks, values, strict=True))]
            assert names.numbers(np.array(ranks)).tolist() == used


def test_texts_that_are_cut_later_are_in_order_of_what_is_left() -> None:
    """When all are cut to make room, those that become equal go by hash, whatever their ranks were."""
    names, start = Names(100, lambda: np.zeros(0, np.uint64), lambda _: None), "x" * SHORT
    numbers = names.learn(words([9, 8]), [start + "a", start + "b"]).tolist()
    assert names.ranks(np.array(numbers)).argsort().tolist() == [0, 1]
    names.learn(words(range(100, 200)), [f"{i}{start}{start}" for i in range(100)])
    assert names.of(words([9, 8])) == [start, start]
    assert names.ranks(np.array(numbers)).argsort().tolist() == [1, 0]
