"""Workers in the test's own loop: their sockets and links are real, their processes are not."""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import Any, ClassVar

from gateway.main import Server
from gateway.workers.colleague import Colleague
from gateway.workers.link import Link
from gateway.workers.passage import Passage
from gateway.workers.staff import Staff
from gateway.workers.station import Station

__all__ = ["InLoop", "colleagues", "staff_of"]

_numbers = itertools.count(1)


class InLoop:
    """Stands for a worker's process."""

    # Those of this run, in order of their start.
    started: ClassVar[list[InLoop]] = []

    def __init__(self, link: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.pid = next(_numbers)
        self.returncode: int | None = None
        self._over = asyncio.Event()
        self.station = Station(loop, lambda: self._end(0))
        self.link = Link(loop, self.station.handle, lambda: self._end(0))
        self.station.attach(self.link)
        self._connecting = loop.create_task(self.link.connect(link.dup()))
        self.started.append(self)

    @classmethod
    async def start(cls, link: socket.socket, _log_level: str) -> Any:
        """Takes the place of `start_process`."""
        return cls(link)

    def kill(self) -> None:
        self._end(-9)

    async def wait(self) -> int:
        await self._over.wait()
        assert self.returncode is not None
        return self.returncode

    def _end(self, code: int) -> None:
        """What the kernel does for a process that ends."""
        if self.returncode is not None:
            return
        self.returncode = code
        self._over.set()
        self.link.cut()
        for server in self.station._servers:
            server.close()
        for entry in list(self.station._entries.values()):
            if isinstance(entry, Passage):
                entry.abort()
            elif entry._conn is not None:
                entry._conn.abort()
        if self.station._setup is not None:
            self.station._wheel.stop()
        if self.station._timer is not None:
            self.station._timer.cancel()


def staff_of(server: Server) -> Staff:
    assert isinstance(server._front, Staff)
    return server._front


def colleagues(server: Server) -> list[Colleague]:
    """Those of them that are there."""
    return staff_of(server)._colleagues
