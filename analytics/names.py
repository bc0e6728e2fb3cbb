"""Values of any JSON type in one order, and rows by those of their dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["dims_key", "sort_key"]


def sort_key(value: Any) -> tuple[int, Any]:
    """Orders values of different JSON types: null, false, true, numbers, strings."""
    if value is None:
        return (0, 0)
    if type(value) is bool:
        return (1, value)
    return (3, value) if type(value) is str else (2, value)


def dims_key(dims: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """Where a row stands among those of other keys."""
    return [sort_key(value) for value in dims.values()]
