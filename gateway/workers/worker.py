"""A worker's process, once it has loaded this: from its end of the link to its end."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
from typing import Final

import uvloop

from gateway.server.garbage import Garbage
from gateway.server.logs import configure_logs
from gateway.server.memory import give_back
from gateway.workers.link import Link
from gateway.workers.station import Station

__all__ = ["work"]

_SET_PDEATHSIG: Final = 1


async def _run(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    station = Station(loop, over.set)
    link = Link(loop, station.handle, over.set)
    station.attach(link)
    await link.connect(sock)
    Garbage().settle()
    await over.wait()


def work(file: int) -> None:
    """Work until the other side of this socket says stop or is gone."""
    configure_logs(os.environ.get("TIDEGATE_WORKER_LOG", "info"))
    give_back()
    if sys.platform == "linux":
        # The end of the link says so too, but a worker that is stopped would not read it, and keep the port.
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    uvloop.run(_run(socket.socket(fileno=file)))
