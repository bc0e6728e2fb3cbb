"""The two sides of a connection's contract: what it calls, and what all connections of one server share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gateway.config import Config
from gateway.core.holding import Holding
from gateway.server.enricher import Sender
from gateway.server.reading import Reading
from gateway.server.wheel import Wheel

if TYPE_CHECKING:
    from gateway.server.connection import Connection

__all__ = ["BURST_S", "TOO_FAST", "Channel", "Endpoint", "Holder", "Terms"]

BURST_S = 10
"""Seconds' worth of messages at once: a board of a hundred tiles subscribes to all of them."""
TOO_FAST = 4102
"""The close code for more than that."""


class Channel(Protocol):
    """A WebSocket as a session has it: a `Connection`, or what stands for one in a worker."""

    sender: Sender

    @property
    def can_write(self) -> bool:
        """Whether a message would go to the kernel at once."""

    @property
    def buffered(self) -> int:
        """Bytes that wait in the process."""

    def send(self, payload: bytes) -> None:
        """Send one message."""

    def offer(self, frames: bytes) -> bool:
        """Send ready frames if `can_write`; whether they were sent."""

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake. Idempotent."""

    def abort(self, code: int = 1006, reason: str = "") -> None:
        """Drop the socket and all that waits for it."""


class Endpoint(Protocol):
    """What a connection talks to. All calls come from the loop's thread; an exception closes the socket with 1011."""

    @property
    def ready(self) -> bool:
        """Whether the peer has introduced itself; until then 4108 threatens and no heartbeat is asked for."""

    def opened(self, conn: Connection) -> None:
        """The handshake is done and answered."""

    def message(self, data: bytes) -> None:
        """One complete text message. Whether it is UTF-8 has not been checked; a JSON parser does that anyway."""

    def closed(self, code: int, reason: str) -> None:
        """The socket is gone. Called exactly once, after everything else; 1006 means without a closing handshake."""

    def writable(self) -> None:
        """The write buffer has drained after having been full."""

    def heartbeat(self) -> None:
        """A heartbeat is due: send a `ping` message."""


class Holder(Protocol):
    """Who keeps bytes of something that is not whole: a request head, a body, a message."""

    def cut(self) -> None:
        """It is to let go of them, and of its client."""


@dataclass(slots=True)
class Terms:
    """What all connections of one server share, so that each holds one reference. Times are seconds."""

    wheel: Wheel
    loop: asyncio.AbstractEventLoop
    clock: Callable[[], float]  # the loop's time
    release: Callable[[str], None]  # gives the gate's slot back
    fault: Callable[[str], None]  # a peer of this address broke a rule
    holding: Holding[Holder]
    reading: Reading
    max_frame: int
    max_fragments: int
    plain_frames: bool
    control_rate: int
    hello_s: float
    heartbeat_s: float
    message_s: float
    # Counted since the start: sockets closed by code, frames and bytes received.
    closes: dict[int, int] = field(default_factory=dict)
    frames: int = 0
    received: int = 0

    @property
    def first_s(self) -> float:
        """When to look at a new peer: its hello is due then, or its first heartbeat if it has said hello."""
        return min(self.hello_s, self.heartbeat_s)

    @property
    def silence_s(self) -> float:
        """Silence after which a peer counts as gone: two heartbeats and a fifth of one as grace."""
        return self.heartbeat_s * 2.2

    @classmethod
    def of(
        cls,
        config: Config,
        wheel: Wheel,
        loop: asyncio.AbstractEventLoop,
        release: Callable[[str], None],
        fault: Callable[[str], None],
        holding: Holding[Holder],
    ) -> Terms:
        """The terms that `config` sets."""
        return cls(
            wheel=wheel,
            loop=loop,
            clock=loop.time,
            release=release,
            fault=fault,
            holding=holding,
            reading=Reading(loop),
            max_frame=config.max_frame,
            max_fragments=config.max_fragments,
            plain_frames=config.plain_frames,
            control_rate=config.control_rate,
            hello_s=config.hello_timeout_ms / 1000,
            heartbeat_s=config.heartbeat_ms / 1000,
            message_s=config.message_timeout_ms / 1000,
        )
