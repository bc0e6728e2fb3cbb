"""Decoded batches on their way from a worker to the engine: what `packing` writes and `unpacking` reads.

All batches of one turn of a loop go together, column by column, so that what one more batch costs is little. Texts are
codes of dictionaries that the worker keeps for the purpose, one for each column; each is written once.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.wire.events import EventVerdict

__all__ = ["Head", "Shipment"]


class Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One batch, without its columns."""

    number: int
    """The worker's, of the connection."""
    seq: int
    backlog: int
    size: int
    """Bytes of its message on the wire."""
    text: int
    """Bytes of its JSON."""
    n: int
    """Events; -1 when it was left undecoded, and nothing of what follows means anything."""
    opens: int = 0
    origin: int = 0
    uuid: list[str | None] | None = None
    times: list[Any] | None = None
    """Those that are not all integers; else they are in the shipment."""
    verdicts: list[EventVerdict] = []


class Shipment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Batches in order of arrival. The columns are those of all that were decoded, one behind the other."""

    schema: int
    """The number of the schema that they were decoded for."""
    heads: list[Head]
    text: memoryview
    """The JSON of all, for the log."""
    times: memoryview
    """int64, of the batches whose times are integers."""
    codes: list[memoryview]
    """int32, for each coded column."""
    plain: list[list[Any]]
    """Values, for each column that is not coded."""
    texts: list[list[Any]]
    """For each coded column the values that its dictionary has got since the last shipment, in order of their codes."""
    fresh: list[int]
    """Coded columns whose dictionary has begun anew before that."""
