"""Codes of values: types stay apart, hashes are stable, the cache is bounded."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from analytics.dictionary import NULL, Dictionary, hash_value, hash_values, plain, text_of, typed_key


def test_json_types_stay_apart() -> None:
    """1, "1", True and null have codes of their own, while 1.0 is 1, in whatever order they come."""
    for column in ([1, "1", True, None, 1.0], [True, 1.0, None, "1", 1]):
        dictionary = Dictionary()
        codes = dictionary.encode(column)
        back = [dictionary.values_by_code[code] for code in codes]
        assert [typed_key(v) for v in back] == [typed_key(plain(v)) for v in column]
        assert len(set(codes.tolist())) == 4


def test_whole_numbers_beyond_64_bits_stay_floats() -> None:
    """Nothing would write them as integers. Within, 1e18 is what 10**18 is."""
    shown = [plain(number) for number in (1e300, 2.0**63, -(2.0**63) - 2048, 1e18, -(2.0**63))]
    assert list(map(type, shown)) == [float, float, float, int, int]


def test_integers_beyond_64_bits_are_floats_too() -> None:
    """However they came: a JSON reader may give an integer of any length. Beyond every float there is nothing."""
    shown = [plain(number) for number in (2**64 - 1, 2**64, -(2**63), -(2**64), 10**29, 10**400)]
    assert shown == [2**64 - 1, 2.0**64, -(2**63), -(2.0**64), 1e29, None]
    assert list(map(type, shown))[:5] == [int, float, int, float, float]
    assert Dictionary().encode([10**29, 1e29, 10**400]).tolist() == [1, 1, NULL]


def test_absent_and_non_finite_values_are_null() -> None:
    """None, NaN and the infinities have the code of an absent value."""
    assert Dictionary().encode([None, float("nan"), float("inf"), -float("inf")]).tolist() == [NULL] * 4


def test_nested_values_are_their_text() -> None:
    """An object equals the one with another order of keys, and the text that it is rendered as."""
    codes = Dictionary().encode([{"a": 1, "b": [2]}, {"b": [2], "a": 1}, '{"a":1,"b":[2]}', [2]])
    assert codes[0] == codes[1] == codes[2] != codes[3]


def test_only_other_values_than_texts_make_it_mixed() -> None:
    """Texts and nulls leave codes comparable as texts; a number does not."""
    dictionary = Dictionary()
    dictionary.encode(["a", None, "b"])
    assert not dictionary.mixed
    dictionary.encode([1])
    assert dictionary.mixed


def test_hashes_are_those_of_the_values() -> None:
    """Codes hash as their values do, also of values added after the first call and beyond the first allocation."""
    dictionary = Dictionary()
    for first in (0, 50, 200):
        column: list[Any] = [f"v{i}" for i in range(first, first + 100)] + [first, True]
        assert dictionary.hashes(dictionary.encode(column)).tolist() == [hash_value(v) for v in column]


def test_a_hash_is_the_same_everywhere() -> None:
    """State holds these hashes: the one of a text is fixed, and types hash apart."""
    assert hash_value("a") == 0x1393410D2C03E5A4
    assert len({hash_value(1), hash_value("1"), hash_value(True), hash_value("true")}) == 4


@pytest.mark.parametrize(
    "values", [[], ["a"], ["", "é", "\ud800", "\U0001f600", "s"], ["a\0sb", "", "\0"], ["a", 1, True, 2.5, "1"]]
)
def test_many_hashes_are_those_of_each(values: list[Any]) -> None:
    """Texts of all kinds, those that hold a NUL and other values as well."""
    assert hash_values(values).tolist() == [hash_value(value) for value in values]


@pytest.mark.parametrize("dictionary", [Dictionary(max_entries=3), Dictionary(max_text=5)])
def test_a_full_cache_is_emptied(dictionary: Dictionary) -> None:
    """Over its entries or its text it starts anew, as another generation; below, nothing happens."""
    dictionary.encode(["aa", "bb"])
    dictionary.trim()
    assert (dictionary.generation, dictionary.evicted) == (0, 0)
    dictionary.encode(["cc", "dd"])
    dictionary.trim()
    assert (dictionary.generation, dictionary.evicted) == (1, 5)
    assert dictionary.encode(["dd", None]).tolist() == [1, NULL]
    assert dictionary.hashes(dictionary.encode(["dd"])).tolist() == [hash_value("dd")]


@pytest.mark.parametrize("make", [lambda i: f"{i:0>125}", lambda i: f"{i:0>60}€", lambda i: f"{i}🎈" * 9, float, str])
def test_a_full_cache_takes_what_was_computed(make: Callable[[int], Any]) -> None:
    """Whatever it holds: plain texts, texts of wide characters, numbers; long texts take most of it."""
    gc.collect()
    tracemalloc.start()
    try:
        dictionary = Dictionary(8_192, 1 << 20)
        number = 0
        while not dictionary.full:
            dictionary.hashes(dictionary.encode([make(number + i) for i in range(64)]))
            number += 64
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held <= dictionary.budget
    assert held >= dictionary.budget * (0.8 if len(str(make(0))) > 100 else 0.3)


def test_text_is_what_json_writes() -> None:
    """A text operation sees a whole float as an integer and a boolean in lower case; a text is not quoted."""
    assert [text_of(v) for v in (2.0, False, "x", float("inf"), [1, 2])] == ["2", "false", "x", None, "[1,2]"]
