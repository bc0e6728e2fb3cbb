"""Decoded batches on their way from a worker to the engine: what `packing` writes and `unpacking` reads.

All batches of one turn of a loop go together, column by column, so that what one more batch costs is little. Texts are
codes of dictionaries that the worker keeps for the purpose, one for each column; each is written once.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from gateway.wire.events import EventVerdict
from gateway.wire.messages import Seq
from gateway.wire.shape import Id, Scalar

__all__ = ["MOST_HEADS", "Head", "Shipment"]

MOST_HEADS = 1 << 14
"""Batches of one shipment. It leaves once it has the bytes of half as many empty ones, and one frame more."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One batch, without its columns."""

    number: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    """The worker's, of the connection."""
    seq: Seq
    backlog: _Count
    size: _Count
    """Bytes of its message on the wire."""
    text: _Count
    """Bytes of its JSON."""
    n: Annotated[int, msgspec.Meta(ge=-1)]
    """Events; -1 when it was left undecoded, and nothing of what follows means anything."""
    opens: _Whole = 0
    origin: _Whole = 0
    uuid: list[Id | None] | None = None
    times: list[int | float | str | None] | None = None
    """Those that are not all integers; else they are in the shipment."""
    verdicts: list[EventVerdict] = []


class Shipment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Batches in order of arrival. The columns are those of all that were decoded, one behind the other."""

    schema: int
    """The number of the schema that they were decoded for."""
    heads: Annotated[list[Head], msgspec.Meta(max_length=MOST_HEADS)]
    text: memoryview
    """The JSON of all, for the log."""
    times: memoryview
    """int64, of the batches whose times are integers."""
    codes: list[memoryview]
    """int32, for each coded column."""
    plain: list[list[Scalar]]
    """Values, for each column that is not coded."""
    texts: list[list[Scalar]]
    """For each coded column the values that its dictionary has got since the last shipment, in order of their codes."""
    fresh: list[int]
    """Coded columns whose dictionary has begun anew before that."""
