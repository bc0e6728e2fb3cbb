"""Long texts as dimensions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.label import HEAD, MOST, TAIL, label


@pytest.mark.parametrize("value", ["", "/pricing", "x" * 271, "ж" * 122, "😀" * 61, 7, 2.5, True, None])
def test_what_is_short_stays_as_it_is(value: Any) -> None:
    """And so does what is no text."""
    assert label(value) is value


@pytest.mark.parametrize(("character", "width"), [("x", 1), ("é", 2), ("ж", 2), ("😀", 4)])
def test_a_long_text_begins_as_it_did_and_takes_no_more_than_a_short_one(character: str, width: int) -> None:
    """The digest is of all of it, so texts that begin alike stay apart."""
    one, other = label(character * 60_000), label(character * 60_001)
    assert one != other
    assert one[:-TAIL] == other[:-TAIL] == character * (HEAD // width - TAIL)
    assert one.__sizeof__() <= MOST


def test_a_text_that_looks_like_a_label_is_not_taken_for_it() -> None:
    """Else whoever knows the digest could make two keys one."""
    long = "x" * 1_000
    assert len({label(long), label(label(long)), label(label(label(long)))}) == 3


@given(st.text(alphabet="aж😀.\ud800", max_size=400), st.text(alphabet="aж😀.\ud800", max_size=400))
def test_different_texts_have_different_labels(one: str, other: str) -> None:
    """Of every width and length."""
    assert (label(one) == label(other)) is (one == other)
    assert label(one).__sizeof__() <= MOST
