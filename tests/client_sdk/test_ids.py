"""UUIDv7: the version, the variant, the time, and the order."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from client_sdk.python.ids import uuid7


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_the_fields_are_where_the_standard_has_them(now: int, bits: int) -> None:
    """Version 7, variant RFC 4122, the first 48 bits are the time."""
    value = UUID(uuid7(now, bits))
    assert (value.version, value.variant) == (7, "specified in RFC 4122")
    assert value.int >> 80 == now
    assert str(value) == uuid7(now, bits)


@given(st.integers(0, 2**47), st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_ids_sort_by_time_and_keep_every_random_bit(now: int, one: int, two: int) -> None:
    """A later id is a greater text; ids of one millisecond differ as their bits do."""
    assert uuid7(now, one) < uuid7(now + 1, two)
    assert (uuid7(now, one) == uuid7(now, two)) is (one == two)
