"""Keys come and go with their sessions."""

from __future__ import annotations

import numpy as np
import pytest

from analytics import Batch
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.label import label
from analytics.sessions.keys import UNKNOWN, SessionKeys

DICTIONARIES = {"user": Dictionary(), "page": Dictionary()}


def frame(users: list[object]) -> Frame:
    """A batch of users, each on a page of the same name."""
    events = [{"event": "x", "timestamp": 0, "properties": {"user": user, "page": user}} for user in users]
    return Frame(Batch.from_events(events), DICTIONARIES)


@pytest.mark.parametrize("by", [("user",), ("user", "page")])
def test_numbers_are_given_lowest_first_and_taken_back(by: tuple[str, ...]) -> None:
    """A freed number goes to the next new key, and the old key is unknown again."""
    keys = SessionKeys(by, 3)
    codes = keys.codes(frame(["a", "b", None]), None)
    assert keys.find(codes).tolist() == [UNKNOWN] * 3
    keys.make(codes)
    assert keys.find(codes).tolist() == [0, 1, 2]
    assert keys.dims_of(np.array([1, 2])).tolist() == [dict.fromkeys(by, "b"), dict.fromkeys(by)]
    keys.free(np.array([1]))
    assert keys.find(codes).tolist() == [0, UNKNOWN, 2]
    more = keys.codes(frame(["z"]), None)
    keys.make(more)
    assert keys.key_of(int(more[0])) == 1
    assert len(keys) == 3


@pytest.mark.parametrize("by", [("user",), ("user", "page")])
def test_keys_are_found_by_value_after_their_codes_are_gone(by: tuple[str, ...]) -> None:
    """When the dictionary was emptied, or the keys come from a snapshot, the values decide; 1 and true are two."""
    keys = SessionKeys(by, 9)
    keys.make(keys.codes(frame([1, True, "1"]), None))
    for dictionary in DICTIONARIES.values():
        dictionary._start()
        dictionary.generation += 1
    restored = SessionKeys(by, 9)
    restored.load([[key, *dims.values()] for key, dims in enumerate(keys.dims) if dims is not None])
    for each in (keys, restored):
        assert each.find(each.codes(frame(["x", "1", 1, True]), np.array([1, 2, 3]))).tolist() == [2, 0, 1]
        each.free(np.array([0, 1, 2]))
        assert each.find(each.codes(frame(["1", 1, True]), None)).tolist() == [UNKNOWN] * 3
        assert len(each) == 0


@pytest.mark.parametrize("by", [("user",), ("user", "page")])
def test_long_texts_are_known_by_their_labels(by: tuple[str, ...]) -> None:
    """They stay apart, and are found again after their codes are gone."""
    long, other = "x" * 60_000, "x" * 60_001
    keys = SessionKeys(by, 9)
    keys.make(keys.codes(frame([long, other]), None))
    assert keys.dims_of(np.array([1])).tolist() == [dict.fromkeys(by, label(other))]
    for dictionary in DICTIONARIES.values():
        dictionary._start()
        dictionary.generation += 1
    assert keys.find(keys.codes(frame([other, long]), None)).tolist() == [1, 0]
