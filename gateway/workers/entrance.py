"""The door of a worker: a socket is admitted by the analytics process before its first byte is looked at."""

from __future__ import annotations

import asyncio
from typing import cast

from gateway.core.gate import Refusal
from gateway.server.door import Door, FirstRequest
from gateway.server.handshake import Answer
from gateway.server.sockets import peer_address
from gateway.workers.porter import Porter

__all__ = ["Entrance", "WorkerDoor"]


class WorkerDoor(Door):
    """A `Door` whose gate is a `Porter`."""

    def __call__(self) -> Entrance:
        return Entrance(self)


class Entrance(FirstRequest):
    """A `FirstRequest` that waits for answers; what comes meanwhile is kept, and no more is read."""

    __slots__ = ("_asked", "_early", "_pending", "_question")

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        # The question that is not answered yet; None while there is none.
        self._question: int | None = None
        # What has come since it was asked.
        self._early = b""
        # The address whose slot is in question.
        self._asked = ""
        # What is to be done when a move is granted; None when the question is whether to stay.
        self._pending: tuple[str, Answer, int] | None = None

    @property
    def _porter(self) -> Porter:
        gate = self._door.gate
        assert isinstance(gate, Porter)
        return gate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        door, porter, ip = self._door, self._porter, peer_address(transport)
        if porter.crowded:
            self._transport.abort()
            return
        self._question = porter.ask(self, ip, door.proxies.trusts(ip))
        door.terms.wheel.put(self, door.terms.clock() + door.header_s)

    def data_received(self, data: bytes) -> None:
        if self._question is None:
            super().data_received(data)
        else:
            self._early += data
            self._transport.pause_reading()

    @property
    def is_over(self) -> bool:
        """See `Asker`."""
        return self._transport.is_closing()

    def decided(self, refusal: Refusal | None) -> None:
        """The analytics process has answered."""
        self._question = None
        early, self._early = self._early, b""
        self._transport.resume_reading()
        if self._pending is None:
            super().connection_made(self._transport)
        else:
            (client, reply, size), self._pending = self._pending, None
            if refusal is None:
                # What came meanwhile is behind the head.
                self._head += early
                early = b""
                self._welcome(client, reply, size)
            else:
                self._ip = self._asked
                self._refuse(refusal)
        if early and not self._transport.is_closing():
            self.data_received(early)

    def _move(self, client: str, reply: Answer, size: int) -> None:
        assert self._ip is not None
        if client == self._ip:
            self._welcome(client, reply, size)
            return
        self._pending = client, reply, size
        # The slot is the question's until it is answered.
        self._asked, self._ip = self._ip, None
        self._question = self._porter.ask_to_move(self, self._asked, client)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._question is not None:
            self._porter.forget(self._question)
            self._question = None
        super().connection_lost(exc)
