"""The demo's gateway on a clock that runs fast: hours of the demo in minutes.

python -m benchmarks.peers.hurried BEGAN_MS SPEED DATA
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import uvloop

from gateway.config import Config
from gateway.main import Server
from gateway.server.logs import configure_logs
from gateway.server.memory import give_back

__all__ = ["hurried", "serve"]


def hurried(began: int, speed: float) -> Callable[[], int]:
    """A clock that showed the wall time `began` (epoch ms) at that time and runs `speed` times as fast."""
    return lambda: int(began + (time.time() * 1_000 - began) * speed)


async def serve(data: str, clock: Callable[[], int]) -> int:
    """Run the gateway on a data folder until it is asked to stop; prints its address."""
    server = Server(Config.load(None, os.environ, {"port": 0, "data": data}), demo=True, clock=clock)
    await server.start()
    server.heed_signals()
    print(f"hurried listening on {server.url}", flush=True)
    return await server.run()


if __name__ == "__main__":
    configure_logs("warning")
    give_back()
    sys.exit(uvloop.run(serve(sys.argv[3], hurried(int(sys.argv[1]), float(sys.argv[2])))))
