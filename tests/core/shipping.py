"""Batches on their way from a worker to a fold, without processes."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.fold import Fold
from gateway.core.packing import Packer, Schema
from gateway.core.unpacking import Shipped, Unpacker
from gateway.wire import Batch, Limits

__all__ = ["LIMITS", "MAX_PROPERTY", "Lane"]

LIMITS = Limits(262_144, 500, 16)
MAX_PROPERTY = 65_536


class Lane:
    """A worker's packer and its reader on the other side."""

    def __init__(self, fold: Fold, schema: int = 1) -> None:
        self.fold = fold
        self.packer = Packer(Schema.of(fold.codec.reader, schema), LIMITS, MAX_PROPERTY)
        self.unpacker = Unpacker(fold.codec, schema)

    def add(self, frame: bytes, number: int = 1) -> None:
        """The worker decodes a frame, which must be one batch."""
        message = self.packer.codec.message(frame)
        assert isinstance(message, Batch)
        self.packer.add(number, len(frame), message)

    def ship(self) -> list[Shipped]:
        """What arrives of all that was added."""
        return list(self.unpacker.unpack(self.packer.pack()))

    def over(self, frames: Sequence[bytes]) -> list[Batch]:
        """Batches as they arrive when the worker can decode all of them."""
        for frame in frames:
            self.add(frame)
        batches = [shipped.batch for shipped in self.ship()]
        assert all(isinstance(batch, Batch) for batch in batches)
        return batches  # type: ignore[return-value]  # looked at
