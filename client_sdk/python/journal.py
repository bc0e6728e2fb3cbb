"""What a producer asks to be remembered, as values: a spool writes them down and can give the whole state back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from client_sdk.python.batch import Batch, Queued
from client_sdk.python.ledger import Ledger

__all__ = ["Added", "Gone", "Raised", "Record", "Saved", "Sealed", "Settled"]


class Added(NamedTuple):
    """An event was captured."""

    event: Queued


class Gone(NamedTuple):
    """Events were given up before they were in a batch."""

    ordinals: tuple[int, ...]


class Sealed(NamedTuple):
    """A batch was made of the queued events with ordinals from its first to its last. Write it before it is sent."""

    batch: Batch


class Settled(NamedTuple):
    """All batches up to `seq` are acknowledged."""

    seq: int


class Raised(NamedTuple):
    """A new epoch began: no batch exists any more, their events are queued again, the next sequence number is 1."""

    epoch: int


Record = Added | Gone | Sealed | Settled | Raised


@dataclass(frozen=True, slots=True)
class Saved:
    """The state of a producer between two processes."""

    producer_id: str
    epoch: int = 1
    next_seq: int = 1
    """The number that the next sealed batch gets."""
    acked: bool = False
    """True when a batch of this epoch was acknowledged."""
    ledger: Ledger = field(default_factory=Ledger)
    batches: tuple[Batch, ...] = ()
    queued: tuple[Queued, ...] = ()
    last_ordinal: int = 0
