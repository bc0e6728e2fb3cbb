"""The events of one batch, turned from structs into columns while they are still in the processor's cache.

Hundreds of batches wait for the disk at a time. As structs they would be tens of thousands of small objects, each
fetched from main memory again when its group is counted; as columns they are a few lists, and times and texts, as codes
of the engine's dictionaries, are packed: a group joins the bytes of its batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from struct import Struct, calcsize
from struct import error as StructError  # noqa: N812  an exception like any other
from typing import Any, Final

import msgspec

__all__ = ["UNREAD", "Columns", "packed", "packer", "times_of"]

UNREAD: Final = -1
"""The generation of columns whose values were left out, because a dictionary had no room for more just then."""

_FEW: Final = 64
_WORD: Final = "n" if calcsize("n") == 8 else "q"
"""64 bits. As `n` a large integer is packed in a third of the time, and nearly every machine has it so wide."""
_PACKERS: Final = tuple(Struct(f"{count}{_WORD}").pack for count in range(_FEW))


def packer(count: int) -> Callable[..., bytes]:
    """What makes of so many integers 64 bits each, in this machine's order. About 5 ns each.

    It raises `struct.error` when one is none, or has more than 64 bits.
    """
    return _PACKERS[count] if count < _FEW else Struct(f"{count}{_WORD}").pack


def packed(numbers: Iterable[int], count: int) -> bytes:
    """So many integers by their `packer`."""
    return packer(count)(*numbers)


def times_of(said: Sequence[Any], count: int) -> Sequence[Any] | bytes:
    """The times of so many events, `packed` when all are integers; as they were said when some event has none, or a
    fraction, or writes it out.
    """
    try:
        return packed(said, count)
    except StructError:
        return said


class Columns(msgspec.Struct, frozen=True, gc=False):
    """The events of one batch by field, in step. None stands for what an event does not say itself."""

    n: int
    opens: int
    """How many braces and brackets of the text hold no nested value; if there are more, some event may be deep. -1: all
    that there are."""
    timestamp: Sequence[Any] | bytes
    """Numbers count from `origin`. `packed` when all are integers."""
    uuid: Sequence[str | None] | None
    """None when no event has one."""
    values: tuple[Sequence[Any] | bytes, ...]
    """One column for each name in the reader's `columns`: `packed` codes where it has a dictionary, else plain values.
    """
    generation: int = 0
    """The reader's when these were made: under another one the codes mean nothing, and the batch is decoded again."""
    origin: int = 0
    """Milliseconds."""

    @property
    def identified(self) -> bool:
        """Whether every event has an id."""
        return not self.n if self.uuid is None else None not in self.uuid
