"""Parcels over a stream that is cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.parcel import MOST, Kind, ParcelError, Parcels, head

PARCELS = st.lists(
    st.tuples(st.sampled_from(list(Kind)), st.integers(0, 2**32 - 1), st.binary(max_size=40) | st.just(b"x" * 999))
)


@given(PARCELS, st.lists(st.integers(1, 30)))
def test_what_is_sent_arrives_whatever_a_read_brings(sent: list[tuple[Kind, int, bytes]], cuts: list[int]) -> None:
    """Every kind, number and body, in order, over reads of any size."""
    stream = b"".join([head(kind, number, len(body)) + body for kind, number, body in sent])
    parcels = Parcels()
    found = []
    sizes = iter(cuts)
    while stream:
        size = next(sizes, len(stream))
        found += [(kind, number, bytes(body)) for kind, number, body in parcels.feed(stream[:size])]
        stream = stream[size:]
    assert found == sent


def test_a_length_that_nobody_sends_is_no_parcel() -> None:
    """At once, and not when so much has come."""
    with pytest.raises(ParcelError):
        list(Parcels().feed(head(Kind.SEND, 1, MOST + 1)))
    assert list(Parcels().feed(head(Kind.SEND, 1, MOST))) == []


def test_numbers_of_kinds_are_not_given_twice() -> None:
    """Each has its own, in one byte."""
    assert len({int(kind) for kind in Kind}) == len(Kind.__members__)
    assert max(Kind) < 256
