"""Who wants to hear that a batch is on disk and applied: posts, whose answer is the ack."""

from __future__ import annotations

from collections.abc import Callable

from gateway.core.producer import Arrival
from gateway.wire.replies import WireVerdict

__all__ = ["Waiter", "Waiters"]

Waiter = Callable[[tuple[WireVerdict, ...]], None]
"""Hears that a batch is on disk and applied, with the verdicts on its events."""


class Waiters:
    """By batch; a connection's posts bound their number."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, int, int], list[Waiter]] = {}

    def add(self, producer: str, epoch: int, seq: int, waiter: Waiter) -> None:
        """Wait for a batch that is under way."""
        self._waiting.setdefault((producer, epoch, seq), []).append(waiter)

    def tell(self, arrival: Arrival, verdicts: tuple[WireVerdict, ...]) -> None:
        """A batch is applied."""
        if self._waiting:
            for waiter in self._waiting.pop((arrival.producer.id, arrival.epoch, arrival.seq), ()):
                waiter(verdicts)
