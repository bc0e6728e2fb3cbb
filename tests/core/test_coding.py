"""Codes of a column over many batches, in whatever form they came."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics.dictionary import Dictionary
from gateway.core.coding import codes_of
from gateway.wire.columns import UNCODED, Columns, Repeated

VALUES = st.lists(st.none() | st.sampled_from(["a", "b", "", "c", 1, 1.0, True, 0, False, 2.5]), max_size=5)


def batch(values: Any, n: int, generation: int = UNCODED) -> Columns:
    return Columns(n, 0, (), None, (None, values), generation)


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def repeated(values: list[Any]) -> Repeated:
    entries: list[Any] = []
    for value in values:
        if value is not None and not any(same(value, entry) for entry in entries):
            entries.append(value)
    places = [-1 if v is None else next(i for i, entry in enumerate(entries) if same(v, entry)) for v in values]
    return Repeated(entries, places)


@given(st.lists(st.tuples(VALUES, st.sampled_from(["codes", "list", "repeated"])), max_size=6))
def test_every_event_has_the_code_of_its_value(batches: list[tuple[list[Any], str]]) -> None:
    """Rows, lists and dictionaries in any order beside each other."""
    coder = Dictionary()
    parts = []
    for values, form in batches:
        if form == "codes":
            parts.append(batch([coder[value] for value in values], len(values), generation=0))
        else:
            parts.append(batch(values if form == "list" else repeated(values), len(values)))
    codes = codes_of(parts, 1, coder).tolist()
    assert codes == [coder[value] for values, _ in batches for value in values]


def test_a_column_that_nobody_says_is_absent() -> None:
    """Beside one that somebody says, too."""
    coder = Dictionary()
    found = codes_of([batch(None, 2), batch(Repeated(["x"], [0, -1]), 2), batch(None, 1)], 1, coder)
    assert found.tolist() == [0, 0, coder["x"], 0, 0]
    assert codes_of([batch(None, 2)], 1, coder).tolist() == [0, 0]
    assert codes_of([], 1, coder).tolist() == []
