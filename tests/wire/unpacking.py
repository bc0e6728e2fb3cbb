"""Columns as lists."""

from __future__ import annotations

from typing import Any

__all__ = ["numbers"]


def numbers(column: Any) -> list[Any]:
    """A column that may be packed."""
    return memoryview(column).cast("q").tolist() if type(column) is bytes else list(column)
