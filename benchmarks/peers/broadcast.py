"""The peer of R8: `websockets.broadcast` of its asyncio API, compression off, at a fixed rate.

python -m benchmarks.peers.broadcast HZ PAYLOAD_BYTES
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def hold(connection: ServerConnection) -> None:
    """Keep a connection until its client leaves."""
    await connection.wait_closed()


async def main(hz: float, payload_bytes: int) -> None:
    """Listen on a free port and broadcast until the process is ended."""
    loop = asyncio.get_running_loop()
    async with serve(hold, "127.0.0.1", 0, compression=None, subprotocols=None, backlog=1_024) as server:
        print(f"broadcast listening on http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
        payload = b"x" * payload_bytes
        at = loop.time()
        while True:
            at += 1 / hz
            await asyncio.sleep(at - loop.time())
            broadcast(server.connections, payload, text=True)


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]), int(sys.argv[2])))
