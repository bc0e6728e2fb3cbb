"""Which values of events nobody may look at, and how they are taken out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

__all__ = ["HIDDEN", "Redaction"]

HIDDEN: Final = "[redacted]"
"""What stands in the place of a value."""


class Redaction:
    """Takes out the values of some names, wherever in an event they stand, ids included.

    >>> Redaction(["email"]).tree({"email": "a@example.org", "cart": [{"email": 1, "n": 2}]})
    {'email': '[redacted]', 'cart': [{'email': '[redacted]', 'n': 2}]}
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names)

    def tree(self, value: Any) -> Any:
        """`value` without them; itself when there is nothing to take out. O(values)."""
        if not self.names:
            return value
        if isinstance(value, dict):
            return {k: HIDDEN if k in self.names else self.tree(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.tree(v) for v in value]
        return value

    def text(self, raw: bytes) -> bytes | None:
        """The JSON of an event without them; None when it cannot be read, so that nobody knows where they stand."""
        if not self.names:
            return raw
        try:
            return orjson.dumps(self.tree(orjson.loads(raw)))
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            return None
