"""Where sockets come in: the port, the door behind it, and what both have counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from gateway.config import Config
from gateway.core.gate import AcceptGate
from gateway.core.holding import Holding
from gateway.server.door import Door, HttpFactory
from gateway.server.house import House
from gateway.server.listening import Listening
from gateway.server.memory import resident_bytes
from gateway.server.session import Session
from gateway.server.terms import Holder
from gateway.server.wheel import Wheel

__all__ = ["Behind", "Front", "SoleFront", "Tally"]


class Tally(NamedTuple):
    """What came in. The first is of now, the others count since the start."""

    held: int
    """Bytes of heads, bodies and messages that are not whole."""
    cuts: int
    frames: int
    received: int
    refused: Mapping[int, int]
    """First requests that the door answered itself, by status."""
    closes: Mapping[int, int]
    """WebSockets closed, by code."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind it."""

    house: House
    gate: AcceptGate
    http: HttpFactory
    holding: Holding[Holder]
    overloaded: Callable[[], bool]
    """Whether newcomers are to be refused."""
    sockets: int
    """The most there may be."""


class Front(Protocol):
    """One process that has all sockets, or several."""

    async def open(self) -> None:
        """Take connections from here on.

        Raises:
            ConfigError: it cannot.
        """

    def accept(self) -> asyncio.BaseProtocol:
        """The protocol of a connection that this process has taken."""

    def tally(self) -> Tally:
        """What came in."""

    def resident(self) -> int:
        """Resident memory in bytes, of all processes."""

    def workers(self) -> list[dict[str, Any]]:
        """How each worker stands; none where this process has the sockets itself."""

    async def stop(self) -> None:
        """End what is left."""


class SoleFront:
    """This process has all sockets."""

    def __init__(self, config: Config, listening: Listening, behind: Behind, loop: asyncio.AbstractEventLoop) -> None:
        self._listening = listening
        self._wheel = Wheel()
        self._wheel.start(loop)
        house = behind.house
        self.door = Door(
            config,
            self._wheel,
            behind.gate,
            lambda: Session(house),
            behind.http,
            house.lets_in,
            loop,
            behind.holding,
            behind.overloaded,
        )

    async def open(self) -> None:
        """See `Front`."""
        await self._listening.open()

    def accept(self) -> asyncio.BaseProtocol:
        """See `Front`."""
        return self.door()

    def tally(self) -> Tally:
        """See `Front`."""
        terms = self.door.terms
        held = terms.holding
        return Tally(held.bytes, held.cuts, terms.frames, terms.received, self.door.refused, terms.closes)

    def resident(self) -> int:
        """See `Front`."""
        return resident_bytes()

    def workers(self) -> list[dict[str, Any]]:
        """See `Front`."""
        return []

    async def stop(self) -> None:
        """See `Front`."""
        self._wheel.stop()
