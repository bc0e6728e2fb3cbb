"""The order of values."""

from __future__ import annotations

from typing import Any

from analytics.names import dims_key, sort_key


def test_values_of_all_json_types_have_one_order() -> None:
    """Null comes first, then false, true, numbers by size and texts by their characters."""
    values: list[Any] = ["b", 2, True, None, "a", 1.5, False]
    assert sorted(values, key=sort_key) == [None, False, True, 1.5, 2, "a", "b"]
    rows = [{"page": page, "v": v} for page in ("b", "a") for v in values]
    assert sorted(rows, key=dims_key)[:2] == [{"page": "a", "v": None}, {"page": "a", "v": False}]
