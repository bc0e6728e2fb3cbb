"""Names behind hashes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics import names as module
from analytics.arrays import Words
from analytics.names import LONGEST, SHORT, TEXT_BYTES, Names, dims_key, sort_key


def named(used: list[int] | None = None) -> Names:
    """Names of which these numbers are in use."""
    return Names(10_000, lambda: np.array(used or [], np.uint64), lambda _: None)


def test_values_of_all_json_types_have_one_order() -> None:
    """Null comes first, then false, true, numbers by size and texts by their characters."""
    values: list[Any] = ["b", 2, True, None, "a", 1.5, False]
    assert sorted(values, key=sort_key) == [None, False, True, 1.5, 2, "a", "b"]
    rows = [{"page": page, "v": v} for page in ("b", "a") for v in values]
    assert sorted(rows, key=dims_key)[:2] == [{"page": "a", "v": None}, {"page": "a", "v": False}]


def test_a_learned_value_is_kept_and_an_unknown_hash_has_none() -> None:
    """Hashes are looked up in the order they are asked for, and the first value learned of one stays."""
    names = named()
    names.learn([1, 2], ["one", 2])
    names.learn([1], ["other"])
    assert names.of([2, 3, 1]) == [2, None, "one"]


def test_a_long_text_is_cut_between_characters() -> None:
    """No more than `LONGEST` bytes of a text are kept, and never a part of a character."""
    names = named()
    names.learn([1, 2], ["x" + "é" * LONGEST, "y" * LONGEST])
    cut, whole = names.of([1, 2])
    assert cut == "x" + "é" * ((LONGEST - 1) // 2)
    assert whole == "y" * LONGEST


def test_names_nobody_counts_are_forgotten_when_it_fills_up() -> None:
    """Far more text than the cap goes through while the names in use are kept, under the numbers that are told."""
    used, told = np.array([4, 6], np.uint64), list[Words]()

    def renumber(numbers: Words) -> None:
        used[:] = numbers[used.astype(np.int64)]
        told.append(numbers)

    names = Names(10_000, lambda: used, renumber)
    for start in range(0, 60_000, 10_000):
        names.learn(range(start, start + 10_000), [f"name {i}" + "." * 100 for i in range(start, start + 10_000)])
        names.sweep()
    assert told
    assert [text.rstrip(".") for text in names.of([3, 5])] == ["name 3", "name 5"]
    assert [names.texts[number].rstrip(".") for number in used.tolist()] == ["name 3", "name 5"]
    assert names.of([4]) == [None]
    assert len(names.texts) < 50_000


def test_a_dump_loads_into_equal_names() -> None:
    """A dump holds each asked hash once, and loading it gives the same values back."""
    names = named()
    names.learn([2**63 + 1, 7, 8], ["é", None, True])
    state = names.dump(np.array([7, 2**63 + 1, 7], np.uint64))
    assert state["name_hashes"].tolist() == [7, 2**63 + 1]
    other = named()
    assert other.load(state).tolist() == [1, 2]
    assert other.of([2**63 + 1, 7, 8]) == ["é", None, None]


def test_texts_take_no_more_than_was_computed() -> None:
    """However they are made of characters: when they are too large together, they are all cut, and stay so."""
    for letter in ("x", "\u00e9", "\u4e2d", "\U0001f600"):
        names = Names(2_000, lambda: np.zeros(0, np.uint64), lambda _: None)
        names.learn(range(2_000), [f"{i} {letter}" + "y" * 300 for i in range(2_000)])
        assert sum(text.__sizeof__() for text in names.texts[1:]) <= 2_000 * TEXT_BYTES
        names.learn([9_999], ["z" * 200])
        assert names.of([9_999]) == ["z" * SHORT]
        assert names.of([5])[0].startswith(f"5 {letter}")


def test_ranks_are_those_of_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few or many, asked again when there are new ones; texts that were cut to the same go by hash."""
    for few in (100, 0):
        monkeypatch.setattr(module, "FEW", few)
        names = named()
        long = "x" * LONGEST
        numbers = names.learn([9, 8, 7, 6, 5], ["b", 3, long + "two", long + "one", "a"])
        assert names.ranks(np.array(numbers)).argsort().tolist() == [1, 4, 0, 3, 2]
        numbers += names.learn([1], [True])
        assert names.ranks(np.array([*numbers, numbers[0]])).argsort(kind="stable").tolist() == [5, 1, 4, 0, 6, 3, 2]
