"""The events of one batch, turned from structs into columns while they are still in the processor's cache.

Hundreds of batches wait for the disk at a time. As structs they would be tens of thousands of small objects, each
fetched from main memory again when its group is counted; as columns they are a few lists, and texts are the codes of
the engine's dictionaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from analytics.arrays import Ints

__all__ = ["UNREAD", "Columns", "Repeated"]

UNREAD: Final = -1
"""The generation of columns whose values were left out, because a dictionary had no room for more just then."""


class Repeated(msgspec.Struct, frozen=True, gc=False):
    """A column of few different values."""

    d: list[Any]
    """Each of them once."""
    i: Sequence[int]
    """For each event its place among them, -1 for none. As `bytes` where they are small enough, and none is -1."""


class Columns(msgspec.Struct, frozen=True, gc=False):
    """The events of one batch by field, in step. None stands for what an event does not say itself."""

    n: int
    opens: int
    """How many braces and brackets of the text hold no nested value; if there are more, some event may be deep. -1: all
    that there are."""
    timestamp: Sequence[Any] | Ints
    """Numbers count from `origin`. An array when they came from a worker, and are all integers."""
    uuid: Sequence[str | None] | None
    """None when no event has one."""
    values: tuple[Sequence[Any] | Repeated | Ints | None, ...]
    """One column for each name in the reader's `columns`: codes where it has a dictionary, else plain values.

    Codes may be each of them once with its places, or an array when they came from a worker; None when no event has
    one.
    """
    generation: int = 0
    """The reader's when these were made: under another one the codes mean nothing, and the batch is decoded again."""
    origin: int = 0
    """Milliseconds."""

    @property
    def identified(self) -> bool:
        """Whether every event has an id."""
        return not self.n if self.uuid is None else None not in self.uuid
