"""What one row of the event log holds: the batches of a commit group, as they came, and what was known at receipt.

Raw frames and not columns: a later KPI may read a property that none read before. With them goes what is not in the
event, so that a replay needs no clock and no connection: receive time, clock offset, producer, defaults. A row may
also say that epochs were raised, so that what was fenced once stays fenced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec

from gateway.core.producer import Arrival
from gateway.wire.messages import Epoch, Seq

__all__ = ["Entry", "Fence", "Logged", "decode_record", "encode_record"]

VERSION = 1

Milliseconds = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One batch of a record."""

    producer: str
    epoch: Epoch
    seq: Seq
    received_at: Milliseconds
    offset_ms: Milliseconds
    defaults: Annotated[int, msgspec.Meta(ge=-1)]
    """Place in the record's table of defaults; -1 for none."""
    size: Annotated[int, msgspec.Meta(ge=0)]


class Fence(msgspec.Struct, frozen=True, array_like=True):
    """A producer raised its epoch: older ones may write no more. `last_seq` is the batch before its first."""

    producer: str
    epoch: Epoch
    last_seq: Annotated[int, msgspec.Meta(ge=-1, le=2**53)]


class _Record(msgspec.Struct, frozen=True, array_like=True):
    version: int
    defaults: list[bytes]
    entries: list[Entry]
    frames: bytes
    # Rows of before there were any end here.
    fences: list[Fence] = []


class LoggedBatch(NamedTuple):
    """One batch as read back: its entry, its frame, and the JSON of its defaults (empty for none)."""

    entry: Entry
    frame: bytes
    defaults: bytes


class Logged(NamedTuple):
    """A row as read back."""

    batches: list[LoggedBatch]
    fences: list[Fence]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Record)


def encode_record(arrivals: Sequence[Arrival], fences: Sequence[Fence] = ()) -> bytes:
    """The payload of one commit group. About 1 us a batch plus two copies of its frames."""
    table: dict[bytes, int] = {}
    entries = [
        Entry(
            a.producer.id,
            a.epoch,
            a.seq,
            a.received_at,
            a.offset_ms,
            table.setdefault(a.defaults_json, len(table)) if a.defaults_json else -1,
            len(a.text),
        )
        for a in arrivals
    ]
    frames = b"".join([a.text for a in arrivals])
    return _encoder.encode(_Record(VERSION, list(table), entries, frames, list(fences)))


def decode_record(payload: bytes) -> Logged:
    """What a row holds.

    Raises:
        ValueError: the payload is of another version or no record at all.
    """
    try:
        record = _decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a log record: {error}") from None
    if record.version != VERSION:
        raise ValueError(f"log record of version {record.version}, this program reads {VERSION}")
    if any(entry.defaults >= len(record.defaults) for entry in record.entries):
        raise ValueError("not a log record: it names defaults that it does not have")
    if sum(entry.size for entry in record.entries) != len(record.frames):
        raise ValueError("not a log record: its batches are longer or shorter than its frames")
    batches = []
    at = 0
    for entry in record.entries:
        defaults = record.defaults[entry.defaults] if entry.defaults >= 0 else b""
        batches.append(LoggedBatch(entry, record.frames[at : at + entry.size], defaults))
        at += entry.size
    return Logged(batches, record.fences)
