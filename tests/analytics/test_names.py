"""Names behind hashes."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.names import LONGEST, Names, dims_key, sort_key


def test_values_of_all_json_types_have_one_order() -> None:
    """Null comes first, then false, true, numbers by size and texts by their characters."""
    values: list[Any] = ["b", 2, True, None, "a", 1.5, False]
    assert sorted(values, key=sort_key) == [None, False, True, 1.5, 2, "a", "b"]
    rows = [{"page": page, "v": v} for page in ("b", "a") for v in values]
    assert sorted(rows, key=dims_key)[:2] == [{"page": "a", "v": None}, {"page": "a", "v": False}]


def test_a_learned_value_is_kept_and_an_unknown_hash_has_none() -> None:
    """Hashes are looked up in the order they are asked for, and the first value learned of one stays."""
    names = Names(lambda: np.zeros(0, np.uint64))
    names.learn([1, 2], ["one", 2])
    names.learn([1], ["other"])
    assert names.of([2, 3, 1]) == [2, None, "one"]


def test_a_long_text_is_cut_between_characters() -> None:
    """No more than `LONGEST` bytes of a text are kept, and never a part of a character."""
    names = Names(lambda: np.zeros(0, np.uint64))
    names.learn([1, 2], ["x" + "é" * LONGEST, "y" * LONGEST])
    cut, whole = names.of([1, 2])
    assert cut == "x" + "é" * ((LONGEST - 1) // 2)
    assert whole == "y" * LONGEST


def test_names_nobody_counts_are_forgotten_when_it_fills_up() -> None:
    """Far more text than the cap goes through while the names in use are kept."""
    names = Names(lambda: np.array([3, 5], np.uint64))
    for start in range(0, 60_000, 10_000):
        names.learn(range(start, start + 10_000), [f"name {i}" + "." * 100 for i in range(start, start + 10_000)])
    assert [text.rstrip(".") for text in names.of([3, 5])] == ["name 3", "name 5"]
    assert names.of([4]) == [None]


def test_a_dump_loads_into_equal_names() -> None:
    """A dump holds each asked hash once, and loading it gives the same values back."""
    names = Names(lambda: np.zeros(0, np.uint64))
    names.learn([2**63 + 1, 7, 8], ["é", None, True])
    state = names.dump(np.array([7, 2**63 + 1, 7], np.uint64))
    assert state["name_hashes"].tolist() == [7, 2**63 + 1]
    other = Names(lambda: np.zeros(0, np.uint64))
    other.load(state)
    assert other.of([2**63 + 1, 7, 8]) == ["é", None, None]
