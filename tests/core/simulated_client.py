"""A producer of the simulation: what it holds, what it was told, and what it thinks has been acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.core.producer import ProducerSession
from gateway.wire import ServerMessage
from gateway.wire.replies import Ack

NOW = 1_795_334_400_000


def purchase(number: int) -> dict[str, Any]:
    return {
        "event": "purchase",
        "uuid": f"01934d0e-7b00-7000-8000-{number:012x}",
        "timestamp": NOW - 5_000,
        "distinct_id": f"u{number}",
        "properties": {"country": "DE", "value": number},
    }


def nameless(number: int) -> dict[str, Any]:
    """An event without an id of its own: only its place in its producer's order tells it from another."""
    return {name: value for name, value in purchase(number).items() if name != "uuid"}


@dataclass
class Client:
    """A producer that keeps what is not acked, and resends from there after each welcome."""

    id: str
    batches: list[list[dict[str, Any]]]
    acked: int = 0
    sent: int = 0
    session: ProducerSession | None = None
    epoch: int = 1
    # The highest epoch that the server has told it that it writes in; whether the session was welcomed.
    told: int = 0
    welcomed: bool = False
    # All it ever had to say, whatever numbers it carried.
    everything: list[list[dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        self.everything = self.batches

    def hear_acked(self, epoch: int, seq: int) -> None:
        """A post of this epoch was answered with success."""
        if epoch == self.epoch and seq == self.acked + 1:
            self.acked, self.sent, self.told = seq, max(self.sent, seq), epoch

    def say(self, message: ServerMessage) -> None:
        """What reaches the client."""
        if isinstance(message, Ack):
            assert message.seq <= len(self.batches)
            self.acked = max(self.acked, message.seq)

    def end(self, code: int) -> None:
        """The server closes."""
        self.session = None

    def frame(self, seq: int) -> bytes:
        return orjson.dumps({"type": "batch", "seq": seq, "backlog": 1, "events": self.batches[seq - 1]})
