"""The bound of R8: one pre-built frame, `transport.write` to every connection, at a fixed rate.

    python -m benchmarks.peers.pushed HZ PAYLOAD_BYTES

The handshake is `websockets`' sans-I/O protocol; after it nothing but the write itself is left.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

_transports: set[asyncio.Transport] = set()


class Pushed(asyncio.Protocol):
    """A connection that only receives."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Prepare the handshake."""
        # uvloop's transports only look like asyncio's; they are no subclass.
        self.transport = cast("asyncio.Transport", transport)
        self.protocol = ServerProtocol()

    def data_received(self, data: bytes) -> None:
        """Answer the handshake and whatever else a client may send."""
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self.protocol.send_response(self.protocol.accept(event))
                _transports.add(self.transport)
        for out in self.protocol.data_to_send():
            if out:
                self.transport.write(out)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget it."""
        _transports.discard(self.transport)


async def serve(hz: float, payload_bytes: int) -> None:
    """Listen on a free port and push until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Pushed, "127.0.0.1", 0, backlog=1_024)
    print(f"pushed listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    frame = Frame(Opcode.TEXT, b"x" * payload_bytes).serialize(mask=False)
    at = loop.time()
    while True:
        at += 1 / hz
        await asyncio.sleep(at - loop.time())
        for transport in _transports:
            transport.write(frame)


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1]), int(sys.argv[2])))
