"""Which values of events nobody may look at, and how they are taken out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

__all__ = ["HIDDEN", "Redaction"]

HIDDEN: Final = "[redacted]"
"""What stands in the place of a value."""

MOST_DEPTH: Final = 64
"""Nested deeper, a value is hidden whole: events that are counted nest no deeper than 16."""


class Redaction:
    """Takes out the values of some names, wherever in an event they stand, ids included.

    >>> Redaction(["email"]).tree({"email": "a@example.org", "cart": [{"email": 1, "n": 2}]})
    {'email': '[redacted]', 'cart': [{'email': '[redacted]', 'n': 2}]}
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names)

    def tree(self, value: Any) -> Any:
        """`value` without them; itself when there is nothing to take out. O(values)."""
        return self._without(value, MOST_DEPTH) if self.names else value

    def _without(self, value: Any, depth: int) -> Any:
        if not isinstance(value, dict | list):
            return value
        if not depth:
            return HIDDEN
        if isinstance(value, dict):
            return {k: HIDDEN if k in self.names else self._without(v, depth - 1) for k, v in value.items()}
        return [self._without(v, depth - 1) for v in value]

    def text(self, raw: bytes) -> bytes | None:
        """The JSON of an event without them; None when it cannot be read, so that nobody knows where they stand."""
        if not self.names:
            return raw
        try:
            return orjson.dumps(self.tree(orjson.loads(raw)))
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            return None
