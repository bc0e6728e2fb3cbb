"""The HTTP sockets of one worker, each with its protocol here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Final

import structlog

from gateway.server.door import HttpFactory
from gateway.wire.parcel import Kind, ParcelError, flagged
from gateway.workers.conduit import Conduit

if TYPE_CHECKING:
    from gateway.workers.colleague import Colleague

__all__ = ["Lobby"]

_BYTES: Final = Struct("<I")

_log = structlog.get_logger("tidegate.workers")


class Lobby:
    """What `colleague` says of them. `http` makes the protocols."""

    def __init__(self, colleague: Colleague, http: HttpFactory) -> None:
        self._colleague = colleague
        self._http = http
        # By the worker's numbers.
        self.conduits: dict[int, Conduit] = {}
        # What is done with each kind of parcel.
        self.handlers: dict[int, Callable[[int, memoryview], None]] = {
            Kind.HTTP_OPEN: self._on_open,
            Kind.HTTP_DATA: self._on_data,
            Kind.HTTP_LOST: self._on_lost,
            Kind.HTTP_TAKEN: self._on_taken,
            Kind.HTTP_BACK: self._on_back,
        }

    def lost(self) -> None:
        """The worker is gone."""
        conduits, self.conduits = self.conduits, {}
        for conduit in conduits.values():
            _answer_for(conduit, conduit.lost)

    def _on_open(self, number: int, body: memoryview) -> None:
        secure, address = flagged(body)
        self._colleague.begin(number)
        conduit = self.conduits[number] = Conduit(self._colleague, number, address, secure)
        protocol = self._http(_Guest(conduit))
        conduit.set_protocol(protocol)
        _answer_for(conduit, lambda: protocol.connection_made(conduit))

    def _on_data(self, number: int, body: memoryview) -> None:
        conduit = self.conduits.get(number)
        if conduit is not None:
            _answer_for(conduit, lambda: conduit.received(bytes(body)))

    def _on_lost(self, number: int, _body: memoryview) -> None:
        conduit = self.conduits.pop(number, None)
        if conduit is not None:
            _answer_for(conduit, conduit.lost)

    def _on_taken(self, number: int, body: memoryview) -> None:
        conduit = self.conduits.get(number)
        if conduit is not None:
            size = _BYTES.unpack(body)[0]
            if size > conduit.get_write_buffer_size():
                raise ParcelError("more bytes taken than were written")
            _answer_for(conduit, lambda: conduit.taken(size))

    def _on_back(self, number: int, _body: memoryview) -> None:
        conduit = self.conduits.get(number)
        if conduit is not None:
            if not conduit.is_yielding:
                raise ParcelError("a socket given back that nobody asked for")
            del self.conduits[number]
            conduit.yielded()


def _answer_for(conduit: Conduit, call: Callable[[], None]) -> None:
    """What its protocol fails on ends that socket, and not the worker."""
    try:
        call()
    except Exception:
        _log.exception("request_failed")
        conduit.abort()


class _Guest:
    """Implements `Tenancy`: a socket that an HTTP protocol has. Its slot is the worker's to give back."""

    def __init__(self, conduit: Conduit) -> None:
        self._conduit = conduit

    def lost(self) -> None:
        """The socket is gone."""

    def returned(self, transport: asyncio.Transport, data: bytes) -> None:
        """It is the door's again."""
        assert transport is self._conduit
        self._conduit.yield_up(data)
