"""The events of one batch, turned from structs into columns while they are still in the processor's cache.

Hundreds of batches wait for the disk at a time. As structs they would be tens of thousands of small objects, each
fetched from main memory again when its group is counted; as columns of shared texts they are a few tuples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

__all__ = ["MAX_TEXTS", "Columns", "TextTable"]

MAX_TEXTS = 32_768
MAX_TEXT = 200
"""Characters of a text that is worth sharing: a name or an id is no longer."""


class Columns(msgspec.Struct, frozen=True, gc=False):
    """The events of one batch by field, in step. None stands for what an event does not say itself."""

    n: int
    bare: int
    """How many events have no properties."""
    timestamp: Sequence[Any]
    uuid: Sequence[str | None] | None
    """None when no event has one."""
    values: tuple[Sequence[Any], ...]
    """One column for each name in the reader's `columns`."""

    @property
    def identified(self) -> bool:
        """Whether every event has an id."""
        return None not in (self.uuid or (None,) * self.n)


class TextTable(dict[Any, Any]):
    """Equal texts become one object, so that a batch in waiting holds no text of its own.

    A cache: when it is full it is emptied, which changes no value. At most about 10 MB. A text that is known costs a
    look-up (50 ns), everything else goes through unchanged.

    >>> table = TextTable()
    >>> list(map(table.__getitem__, ["a", None, 1, True, 1.0]))
    ['a', None, 1, True, 1.0]
    """

    def __init__(self, max_texts: int = MAX_TEXTS) -> None:
        super().__init__()
        self._max_texts = max_texts
        self[None] = None

    def __missing__(self, value: Any) -> Any:
        # Only texts are kept: 1, 1.0 and True are one key.
        if type(value) is str and len(value) <= MAX_TEXT:
            if len(self) > self._max_texts:
                self.clear()
                self[None] = None
            self[value] = value
        return value
