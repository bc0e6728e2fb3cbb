"""Codes of a column over many batches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.coding import codes_of
from gateway.wire.columns import Columns, packed


@given(st.lists(st.lists(st.integers(0, 2**62), max_size=80), max_size=6))
def test_every_event_has_the_code_of_its_value(batches: list[list[int]]) -> None:
    """In order, whatever the batches' sizes are."""
    parts = [Columns(len(codes), 0, (), None, ((), packed(codes, len(codes)))) for codes in batches]
    assert codes_of(parts, 1).tolist() == [code for codes in batches for code in codes]
