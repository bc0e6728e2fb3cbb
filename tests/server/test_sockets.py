"""Socket options, read back from the kernel."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

import pytest

from gateway.server.sockets import peer_address, tune
from tests.server.rig import LOOPS, Raw, run, serving


@pytest.mark.parametrize("loop", LOOPS)
def test_an_open_socket_is_tuned(loop: str) -> None:
    """A WebSocket sends at once, keeps little unsent in the kernel and pauses early."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.open(rig.port)
            conn = (await rig.endpoint()).conn
            assert conn is not None
            sock = conn._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 32_768
            assert conn._transport.get_write_buffer_limits() == (16_384, 65_536)
            await raw.aclose()

    run(main, loop)


class _Transport:
    """A transport that knows only its extra information."""

    def __init__(self, **extra: Any) -> None:
        self._extra = extra

    def get_extra_info(self, name: str) -> Any:
        return self._extra.get(name)

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        self.limits = (high, low)


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (("192.0.2.1", 1), "192.0.2.1"),
        (("::ffff:192.0.2.1", 1, 0, 0), "192.0.2.1"),
        (("2001:db8::1", 1, 0, 0), "2001:db8::1"),
        ("", "local"),
        (None, "local"),
    ],
)
def test_an_address_has_one_spelling(peer: object, address: str) -> None:
    """IPv4 over an IPv6 socket counts as the IPv4 address; a peer without address is local."""
    assert peer_address(cast(asyncio.Transport, _Transport(peername=peer))) == address


def test_a_transport_without_tcp_is_only_limited() -> None:
    """A pipe or Unix socket gets its buffer limits and no TCP options."""
    left, right = socket.socketpair()
    with left, right:
        transport = _Transport(socket=left)
        tune(cast(asyncio.Transport, transport))
        assert transport.limits == (65_536, 16_384)
