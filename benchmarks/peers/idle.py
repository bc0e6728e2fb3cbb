"""The peer of R10: `websockets`' asyncio server as its documentation shows it, compression off, on uvloop.

python -m benchmarks.peers.idle
"""

from __future__ import annotations

import asyncio

import uvloop
from websockets.asyncio.server import ServerConnection, serve


async def answer(connection: ServerConnection) -> None:
    """Answer each message of the driver, which sends two and is then idle, as a producer or viewer is."""
    async for _ in connection:
        await connection.send('{"type":"welcome"}')


async def main() -> None:
    """Listen on a free port until the process is ended."""
    async with serve(answer, "127.0.0.1", 0, compression=None, backlog=1_024) as server:
        print(f"idle listening on http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main())
