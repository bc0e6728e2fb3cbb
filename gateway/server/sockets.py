"""Socket options, and what a transport knows of its peer."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

__all__ = ["peer_address", "tune"]

_HIGH_WATER: Final = 65_536  # bytes in the write buffer at which writing pauses
_LOW_WATER: Final = 16_384  # and resumes; uvloop's own default would be 16 bytes
_NOTSENT_LOWAT: Final = 32_768  # unsent bytes the kernel takes: stale rows wait with us, where they can be replaced


def peer_address(transport: asyncio.BaseTransport) -> str:
    """The peer's address; an IPv4 one that came in over IPv6 is written as IPv4, so that it counts once."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]).removeprefix("::ffff:") if isinstance(peer, tuple) else "local"


def tune(transport: asyncio.Transport) -> None:
    """Send at once, pause early, and keep the kernel's share of what is unsent small."""
    transport.set_write_buffer_limits(_HIGH_WATER, _LOW_WATER)
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Linux and macOS have it; elsewhere the kernel's buffer holds what it likes.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _NOTSENT_LOWAT)
