"""Event ids of a recording."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.seen import Seen, id_key

UUID = "018f3c1e-0000-7000-8000-00000000000a"
IDS = st.lists(st.one_of(st.none(), st.integers(0, 12).map(lambda n: f"{n:032x}"), st.sampled_from(["x", UUID])))


@pytest.mark.parametrize("spelling", [UUID.upper(), UUID.replace("-", ""), UUID.replace("-", "").upper()])
def test_spellings_of_one_uuid_are_one_id(spelling: str) -> None:
    """Dashes and case make no difference, whichever way an id is read."""
    assert id_key(spelling) == id_key(UUID)
    assert Seen(10).claim([UUID, spelling]) == [1]
    assert Seen(10).claim([UUID, UUID[:-1] + "b", spelling]) == [2]


@pytest.mark.parametrize("text", ["x", UUID[:-1], UUID[:-1] + " ", UUID[:-1] + "g", "-" * 36, "é" * 36, " " * 32])
def test_any_other_text_stands_for_itself(text: str) -> None:
    """Also when it looks much like a UUID, alone or among UUIDs."""
    assert id_key(text) == text
    assert Seen(10).claim([text, UUID, text, text + "."]) == [2]


def test_dashes_elsewhere_do_not_shift_one_id_into_another() -> None:
    """Ids of 36 characters, as many digits in all as UUIDs have, are still read one by one."""
    odd = ["0" * 33 + "---", "-----" + "1" * 31]
    assert Seen(10).claim([*odd, odd[0]]) == [2]


def test_none_is_no_id() -> None:
    """Events without an id are never repeats, and positions count them."""
    assert Seen(10).claim([None, "a", None, "a"]) == [3]


def test_what_is_repeated_stays_known() -> None:
    """An id that comes again and again is not forgotten because it was first said long ago."""
    seen = Seen(6)
    assert [seen.claim([text]) for text in "abcdeafa"] == [[], [], [], [], [], [0], [], [0]]


@given(IDS, st.lists(st.integers(0, 30), max_size=5), st.integers(1, 8))
def test_a_repeat_is_known_whatever_the_batches_and_memory_is_bounded(
    ids: list[str | None], cuts: list[int], capacity: int
) -> None:
    """The same repeats are found in one call or in many; at least the last half of the capacity is known."""
    whole, parted, found = Seen(capacity), Seen(capacity), list[int]()
    expected = whole.claim(ids)
    places = [0, *sorted(min(cut, len(ids)) for cut in cuts), len(ids)]
    for start, stop in pairwise(places):
        found += [start + place for place in parted.claim(ids[start:stop])]
        assert len(parted) <= max(2, capacity)
    assert found == expected
    said = [(place, text) for place, text in enumerate(ids) if text is not None]
    for nth, (place, text) in enumerate(said):
        recent = [t for _, t in said[max(0, nth - max(1, capacity // 2)) : nth]]
        if nth and text in recent[1:]:
            assert place in expected
        if text not in [t for _, t in said[:nth]]:
            assert place not in expected
