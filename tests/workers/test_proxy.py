"""A worker's WebSocket as a session has it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from gateway.server.enricher import Sender
from gateway.wire.parcel import Kind
from gateway.workers.proxy import ROOM, Proxy
from tests.workers.test_porter import Link


class Counting(Link):
    """Counts parcels as a link does."""

    put_count = 0

    def put(self, kind: Kind, number: int = 0, body: bytes = b"") -> None:
        super().put(kind, number, body)
        self.put_count += 1

    def share(self, number: int, frames: bytes, behind: int) -> int:
        self.put(Kind.FRAMES, number, frames)
        assert self.put_count > behind
        return self.put_count


def made() -> tuple[Proxy, Any]:
    colleague = SimpleNamespace(link=Counting(), dealt_with=0, wanting={})
    return Proxy(cast(Any, colleague), 3, Sender("a"), cast(Any, None)), colleague


def test_what_is_sent_waits_until_the_worker_has_dealt_with_it() -> None:
    """A little may be on its way; then the session has to wait, and is noted for when there is room."""
    proxy, colleague = made()
    assert (proxy.can_write, proxy.buffered) == (True, 0)
    assert proxy.offer(b"x" * (ROOM - 1))
    assert proxy.offer(b"y")
    assert (proxy.buffered, proxy.can_write, proxy.offer(b"z")) == (ROOM, False, False)
    assert list(colleague.wanting) == [proxy]
    colleague.dealt_with = 1
    assert not proxy.has_room
    colleague.dealt_with = 2
    assert (proxy.buffered, proxy.can_write) == (0, True)
    assert len(colleague.link.put_) == 2


def test_what_the_socket_left_over_waits_too() -> None:
    """As its worker says."""
    proxy, colleague = made()
    proxy.send(b"12345")
    proxy.waiting = 1
    assert (proxy.buffered, proxy.can_write) == (6, False)
    colleague.dealt_with = 1
    assert (proxy.buffered, proxy.can_write) == (1, False)
    proxy.waiting = 0
    assert proxy.can_write


def test_the_end_is_said_once_and_an_abort_behind_it() -> None:
    """Nothing is sent after it."""
    proxy, colleague = made()
    proxy.close(4009)
    proxy.close(4001, "no")
    proxy.send(b"late")
    assert not proxy.offer(b"late")
    proxy.abort(1006, "slow")
    assert colleague.link.put_ == [(Kind.CLOSE, 3, b"\xa9\x0f"), (Kind.ABORT, 3, b"\xee\x03slow")]
    assert not colleague.wanting
    other, colleague = made()
    other.gone()
    other.send(b"late")
    assert colleague.link.put_ == []
