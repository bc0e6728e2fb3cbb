"""The HTTP sockets of one worker."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from gateway.server.door import Tenancy
from gateway.wire.parcel import Kind, ParcelError
from gateway.workers.lobby import Lobby
from tests.workers.test_porter import Link


class Echo(asyncio.Protocol):
    """Answers what it gets, and fails on `!`."""

    made: ClassVar[list[Echo]] = []

    def __init__(self, guest: Tenancy) -> None:
        self.guest = guest
        self.ends = 0
        self.made.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if data == b"!":
            raise KeyError("bug")
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ends += 1


@pytest.fixture
def lobby(monkeypatch: pytest.MonkeyPatch) -> tuple[Lobby, Link]:
    """With two sockets."""
    monkeypatch.setattr(Echo, "made", [])
    link = Link()
    made = Lobby(cast(Any, SimpleNamespace(link=link, begin=begin)), Echo)
    for number in (1, 2):
        say(made, Kind.HTTP_OPEN, number, b"\x00192.0.2.1")
    return made, link


def begin(number: int) -> None:
    """What the colleague says to a new one."""
    if number > 2:
        raise ParcelError("not admitted")


def say(lobby: Lobby, kind: Kind, number: int, body: bytes = b"") -> None:
    lobby.handlers[kind](number, memoryview(body))


def test_each_socket_has_its_protocol(lobby: tuple[Lobby, Link]) -> None:
    """From its start to its end; what is said of one that has gone is about nobody."""
    place, link = lobby
    say(place, Kind.HTTP_DATA, 2, b"hello")
    assert link.put_ == [(Kind.HTTP_WRITE, 2, b"hello")]
    say(place, Kind.HTTP_TAKEN, 2, b"\x05\0\0\0")
    assert place.conduits[2].get_write_buffer_size() == 0
    say(place, Kind.HTTP_LOST, 2)
    for kind, body in (
        (Kind.HTTP_DATA, b"x"),
        (Kind.HTTP_TAKEN, b"\0\0\0\0"),
        (Kind.HTTP_LOST, b""),
        (Kind.HTTP_BACK, b""),
    ):
        say(place, kind, 2, body)
    assert ([one.ends for one in Echo.made], list(place.conduits)) == ([0, 1], [1])
    with pytest.raises(ParcelError):
        say(place, Kind.HTTP_OPEN, 3, b"\x00a")
    assert (list(place.conduits), len(Echo.made)) == ([1], 2)


def test_what_one_fails_on_ends_that_one(lobby: tuple[Lobby, Link]) -> None:
    """It is cut."""
    place, link = lobby
    say(place, Kind.HTTP_DATA, 1, b"!")
    say(place, Kind.HTTP_DATA, 2, b"fine")
    assert link.put_ == [(Kind.HTTP_ABORT, 1, b""), (Kind.HTTP_WRITE, 2, b"fine")]


def test_with_the_worker_all_are_gone(lobby: tuple[Lobby, Link]) -> None:
    """Each protocol hears it once."""
    place, _ = lobby
    place.lost()
    place.lost()
    assert ([one.ends for one in Echo.made], place.conduits) == ([1, 1], {})


def test_one_that_goes_back_is_the_workers(lobby: tuple[Lobby, Link]) -> None:
    """Its protocol hears no more, and what is on its way goes along."""
    place, link = lobby
    Echo.made[0].guest.returned(place.conduits[1], b"head ")
    say(place, Kind.HTTP_DATA, 1, b"more")
    say(place, Kind.HTTP_BACK, 1)
    assert link.put_ == [(Kind.HTTP_YIELD, 1, b""), (Kind.HTTP_RETURN, 1, b"head more")]
    assert (list(place.conduits), Echo.made[0].ends) == ([2], 0)
