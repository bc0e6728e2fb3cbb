"""The bare limit of R1: picows reads the frames and answers 60 bytes each. It does no work at all.

python -m benchmarks.peers.bare
"""

from __future__ import annotations

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

_REPLY = b'{"type":"ack","bare":true,"padding":"' + b"x" * 21 + b'"}'
assert len(_REPLY) == 60


class Bare(WSListener):
    """Answers every data frame with the same 60 bytes."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame in, one frame out; the hello of the driver is a frame like any other."""
        if frame.msg_type == WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, _REPLY)


def listener(_request: WSUpgradeRequest) -> Bare:
    """A listener for each new connection."""
    return Bare()


async def serve() -> None:
    """Listen on a free port until the process is ended."""
    server = await ws_create_server(listener, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"bare listening on http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
