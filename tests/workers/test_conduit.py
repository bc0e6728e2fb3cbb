"""A worker's HTTP socket as a transport."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from gateway.wire.parcel import Kind
from gateway.workers.conduit import Conduit
from tests.workers.test_porter import Link


class Reader(asyncio.Protocol):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.news: list[str] = []

    def data_received(self, data: bytes) -> None:
        self.data += data

    def pause_writing(self) -> None:
        self.news.append("pause")

    def resume_writing(self) -> None:
        self.news.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.news.append(f"lost {exc}")


def made(secure: bool = False) -> tuple[Conduit, Link, Reader]:
    link, reader = Link(), Reader()
    conduit = Conduit(cast(Any, SimpleNamespace(link=link)), 7, "192.0.2.1", secure)
    conduit.set_protocol(reader)
    assert conduit.get_protocol() is reader
    return conduit, link, reader


def test_it_knows_its_peer() -> None:
    """And whether the socket speaks TLS, and nothing of a socket here."""
    plain, secure = made()[0], made(secure=True)[0]
    assert plain.get_extra_info("peername") == ("192.0.2.1", 0)
    assert (plain.get_extra_info("sslcontext"), plain.get_extra_info("socket")) == (None, None)
    assert secure.get_extra_info("sslcontext")


def test_what_is_written_counts_until_the_socket_has_it() -> None:
    """Above the high mark the protocol pauses, below the low one it goes on."""
    conduit, link, reader = made()
    conduit.set_write_buffer_limits(100, 20)
    conduit.write(b"x" * 60)
    assert reader.news == []
    conduit.write(bytearray(b"y" * 60))
    assert (reader.news, conduit.get_write_buffer_size()) == (["pause"], 120)
    conduit.taken(60)
    assert reader.news == ["pause"]
    conduit.taken(60)
    assert (reader.news, conduit.get_write_buffer_size()) == (["pause", "resume"], 0)
    assert conduit.get_write_buffer_limits() == (20, 100)
    assert link.put_ == [(Kind.HTTP_WRITE, 7, b"x" * 60), (Kind.HTTP_WRITE, 7, b"y" * 60)]


def test_reading_pauses_where_the_socket_is() -> None:
    """Told once each time."""
    conduit, link, reader = made()
    for call in (conduit.pause_reading, conduit.pause_reading, conduit.resume_reading, conduit.resume_reading):
        call()
    assert [kind for kind, _, _ in link.put_] == [Kind.HTTP_PAUSE, Kind.HTTP_RESUME]
    assert conduit.is_reading()
    conduit.received(b"late")
    assert reader.data == b"late"


def test_it_ends_once() -> None:
    """Closed, nothing is written any more; the protocol hears when the socket is gone."""
    conduit, link, reader = made()
    conduit.write_eof()
    conduit.write(b"behind the end")
    conduit.close()
    conduit.close()
    conduit.write(b"behind the close")
    assert [kind for kind, _, _ in link.put_] == [Kind.HTTP_END, Kind.HTTP_CLOSE]
    assert conduit.is_closing()
    conduit.abort()
    assert link.put_[-1][0] == Kind.HTTP_ABORT
    conduit.lost()
    conduit.lost()
    conduit.received(b"late")
    assert (reader.news, reader.data) == (["lost None"], b"")


def test_it_goes_back_with_what_was_on_its_way() -> None:
    """To the door of its worker."""
    conduit, link, reader = made()
    conduit.yield_up(b"head ")
    conduit.received(b"and what")
    conduit.received(b" came")
    conduit.yielded()
    assert link.put_ == [(Kind.HTTP_YIELD, 7, b""), (Kind.HTTP_RETURN, 7, b"head and what came")]
    assert (reader.data, reader.news) == (b"", [])
