"""Keys of a grid: order of arrival, overflow, order of dims."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from analytics import keys
from analytics.batch import Batch
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.keys import OTHER, KeyTable
from analytics.label import label

# As in an engine, the dictionary of a column lives on from batch to batch.
DICTIONARIES: defaultdict[str, Dictionary] = defaultdict(Dictionary)


def frame(*rows: dict[str, Any]) -> Frame:
    """A frame of events with these properties."""
    return Frame(Batch.from_events([{"timestamp": 0, "properties": row} for row in rows]), DICTIONARIES)


def resolve(table: KeyTable, *rows: dict[str, Any]) -> list[int]:
    """The keys of events with these properties."""
    keys: list[int] = table.resolve(frame(*rows), None).tolist()
    return keys


def test_keys_are_numbered_by_arrival_and_the_rest_is_other() -> None:
    """The first `max_keys` values get keys in order of arrival; any later one gets the overflow key."""
    table = KeyTable(("c",), 2)
    assert resolve(table, {"c": "z"}, {"c": "a"}, {"c": "m"}, {"c": "z"}) == [0, 1, 2, 0]
    assert [table.dims_of(key) for key in range(3)] == [{"c": "z"}, {"c": "a"}, {"c": OTHER}]


def test_a_combination_that_reads_like_the_overflow_row_is_part_of_it() -> None:
    """Else two rows of a window would have one identity. It takes no place. In part it is a value like any other."""
    table = KeyTable(("c",), 2)
    assert resolve(table, {"c": "a"}) == [0]
    before = table.overflows
    assert resolve(table, {"c": OTHER}, {"c": "a"}, {"c": "m"}, {"c": OTHER}) == [2, 0, 1, 2]
    assert (before, table.overflows) == (False, True)
    pairs = KeyTable(("a", "b"), 2)
    assert resolve(pairs, {"a": OTHER, "b": "x"}, {"a": OTHER, "b": OTHER}) == [0, 2]
    assert pairs.dims_of(0) == {"a": OTHER, "b": "x"}


def test_long_texts_are_known_by_their_labels() -> None:
    """A thousand of 64 KiB would be the memory of a whole set. They stay apart, also over a snapshot."""
    long, other = "x" * 60_000, "x" * 60_001
    for by in (("c",), ("c", "d")):
        table = KeyTable(by, 9)
        assert resolve(table, {"c": long}, {"c": other}, {"c": long}) == [0, 1, 0]
        assert table.dims_of(0)["c"] == label(long)
        again = KeyTable(by, 9)
        again.load(table.dump())
        assert resolve(again, {"c": other}, {"c": long}) == [1, 0]


def test_what_was_kept_of_an_older_version_keeps_its_number() -> None:
    """Such a combination had a key of its own once, and the state of its events is under that number."""
    table = KeyTable(("c",), 2)
    table.load([[OTHER], ["a"]])
    assert resolve(table, {"c": "a"}, {"c": OTHER}, {"c": "b"}) == [1, 0, 2]


def test_values_of_different_json_types_are_different_keys() -> None:
    """1, "1", true and an absent value are four keys, while 1 and 1.0 are one."""
    table = KeyTable(("c",), 9)
    assert resolve(table, {"c": 1}, {"c": "1"}, {"c": True}, {}, {"c": 1.0}) == [0, 1, 2, 3, 0]


def test_several_columns_are_one_combination() -> None:
    """Equal combinations share a key over batches, though the codes of a new dictionary are others."""
    table = KeyTable(("a", "b"), 9)
    assert resolve(table, {"a": "x", "b": "y"}, {"a": "y", "b": "x"}, {"a": "x", "b": "y"}) == [0, 1, 0]
    dictionaries: dict[str, Dictionary] = {"a": Dictionary(max_entries=1), "b": Dictionary(max_entries=1)}
    for dictionary in dictionaries.values():
        dictionary.encode(["p", "q"])
        dictionary.trim()
    batch = Batch.from_events([{"timestamp": 0, "properties": {"a": "y", "b": "x"}}])
    assert table.resolve(Frame(batch, dictionaries), None).tolist() == [1]


def test_codes_of_another_dictionary_are_other_codes() -> None:
    """Though its generation is the same: what was learnt of the first says nothing about the second."""
    for by in (("a",), ("a", "b")):
        table = KeyTable(by, 9)
        for first, second in (("x", "y"), ("y", "x")):
            dictionaries: dict[str, Dictionary] = {"a": Dictionary(), "b": Dictionary()}
            batch = Batch.from_events([{"timestamp": 0, "properties": {"a": v, "b": "b"}} for v in (first, second)])
            found = table.resolve(Frame(batch, dictionaries), None).tolist()
            assert [table.dims_of(key)["a"] for key in found] == [first, second]


def test_only_events_that_count_make_keys() -> None:
    """Values outside `index` take no room in the table, with one column and with several."""
    rows = [{"a": "x", "b": 1}, {"a": "y", "b": 1}, {"a": "z", "b": 1}]
    for by in (("a",), ("a", "b")):
        table, index = KeyTable(by, 9), np.array([2, 1])
        keys = table.resolve(frame(*rows), index)
        assert keys[index].tolist() == [0, 1]
        assert [dims["a"] for dims in table.dims] == ["z", "y"]


def test_combinations_keep_their_keys_while_codes_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a few codes over many to more than a table has room for: a known combination has its key, a new one gets
    the next.
    """
    monkeypatch.setattr(keys, "TABLE_BITS", 6)
    table, dictionaries = KeyTable(("a", "b"), 1_000), {"a": Dictionary(), "b": Dictionary()}
    known: dict[tuple[int, int], int] = {}
    for size in (2, 3, 6, 7, 20):
        pairs = [(i, j) for i in range(size) for j in range(0, size, 2)]
        rows = [{"timestamp": 0, "properties": {"a": f"x{i}", "b": f"y{j}"}} for i, j in pairs]
        found = table.resolve(Frame(Batch.from_events(rows), dictionaries), None).tolist()
        for pair, key in zip(pairs, found, strict=True):
            assert key == known.setdefault(pair, len(known))
    assert [dims["a"] for dims in table.dims] == [f"x{i}" for i, _ in known]


def test_a_hash_is_of_the_combination() -> None:
    """Equal combinations hash alike and exchanged values do not."""
    table = KeyTable(("a", "b"), 1)
    events = frame({"a": "x", "b": "y"}, {"a": "y", "b": "x"}, {"a": "x", "b": "y"})
    one, other, again = table.hashes(events, np.arange(3)).tolist()
    assert one == again != other


def test_ranks_follow_the_dims_with_other_last() -> None:
    """Ranks order keys by their values, follow new keys, and put the overflow key behind all."""
    table = KeyTable(("c",), 3)
    resolve(table, {"c": "b"}, {"c": 5})
    assert table.ranks()[[0, 1, 3]].tolist() == [1, 0, 2]
    resolve(table, {"c": "a"})
    assert table.ranks().tolist() == [2, 0, 1, 3]


def test_without_by_there_is_one_key() -> None:
    """Key 0 is everything, its dims are empty, and nothing can overflow."""
    table = KeyTable((), 1)
    assert (table.width, table.dims_of(0), table.dump()) == (1, {}, [])


def test_a_dump_loads_into_the_same_keys() -> None:
    """A loaded table gives known combinations the keys they had."""
    table, other = KeyTable(("a", "b"), 5), KeyTable(("a", "b"), 5)
    resolve(table, {"a": "x"}, {"a": True, "b": 2})
    other.load(table.dump())
    assert resolve(other, {"a": "new"}, {"a": True, "b": 2}, {"a": "x"}) == [2, 1, 0]
