"""`python -m gateway.workers FD`: a worker; the analytics process starts it, with one end of a socket pair."""

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

__all__ = ["main", "run"]

_SET_PDEATHSIG: Final = 1


async def run(sock: socket.socket) -> None:
    """Work until the other side says stop or is gone."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    station = Station(loop, over.set)
    link = Link(loop, station.handle, over.set)
    station.attach(link)
    await link.connect(sock)
    Garbage().settle()
    await over.wait()


def main(argument: str) -> None:
    """Run, and end at once: sockets that are still open are the kernel's to close."""
    # Who stops the service stops the analytics process, which drains and then ends us; a signal to the whole group
    # must not come before that.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    configure_logs(os.environ.get("TIDEGATE_WORKER_LOG", "info"))
    give_back()
    if sys.platform == "linux":
        # The end of the link says so too, but a worker that is stopped would not read it, and keep the port.
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    uvloop.run(run(socket.socket(fileno=int(argument))))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
