"""Codes of a column over many batches, in whatever form they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.coding import codes_of
from gateway.wire.columns import Columns, Repeated

CODES = st.lists(st.integers(0, 5), max_size=5)


def batch(codes: Any, n: int) -> Columns:
    return Columns(n, 0, (), None, (None, codes))


def repeated(codes: list[int]) -> Repeated:
    entries = sorted(set(codes) - {0})
    return Repeated(entries, [entries.index(code) if code else -1 for code in codes])


def small(codes: list[int]) -> Repeated:
    entries = sorted(set(codes))
    return Repeated(entries, bytes([entries.index(code) for code in codes]))


def array(codes: list[int]) -> Any:
    return np.array(codes, np.int64)


@given(st.lists(st.tuples(CODES, st.sampled_from([list, repeated, small, array])), max_size=6))
def test_every_event_has_the_code_of_its_value(batches: list[tuple[list[int], Callable[[list[int]], Any]]]) -> None:
    """Listed, with their places or as the arrays of a worker, in any order beside each other; 0 is nothing."""
    parts = [batch(form(codes), len(codes)) for codes, form in batches]
    assert codes_of(parts, 1).tolist() == [code for codes, _ in batches for code in codes]


def test_a_column_that_nobody_says_is_absent() -> None:
    """Beside one that somebody says, too."""
    found = codes_of([batch(None, 2), batch(Repeated([7], [0, -1]), 2), batch((8,), 1), batch(None, 1)], 1)
    assert found.tolist() == [0, 0, 7, 0, 8, 0]
    assert codes_of([batch(None, 2)], 1).tolist() == [0, 0]
    assert codes_of([], 1).tolist() == []
