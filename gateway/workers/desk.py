"""The place of one worker: starts its process, and another one when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from typing import Final

import structlog

from gateway.core.unpacking import Unpacker
from gateway.wire.parcel import Kind
from gateway.workers.colleague import Colleague, Office
from gateway.workers.link import Link
from gateway.workers.setup import Counts

__all__ = ["Desk", "pause_after", "start_process"]

FIRST_S: Final = 0.1
MOST_S: Final = 10.0
STEADY_S: Final = 30.0
"""After how long a life the next start waits no longer than the first."""

_log = structlog.get_logger("tidegate.workers")


def pause_after(before: float, lived: float) -> float:
    """How long to wait for the next start, when the last pause was `before` and the worker `lived` so long; seconds.

    >>> pause_after(0.0, 1.0), pause_after(0.1, 1.0), pause_after(8.0, 1.0), pause_after(8.0, 60.0)
    (0.1, 0.2, 10.0, 0.1)
    """
    return FIRST_S if lived >= STEADY_S else min(max(FIRST_S, 2 * before), MOST_S)


async def start_process(link: socket.socket, log_level: str) -> asyncio.subprocess.Process:
    """A worker's process with one end of a link."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.workers",
        str(link.fileno()),
        pass_fds=(link.fileno(),),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        # A Ctrl-C is for the analytics process, which drains and then ends its workers.
        start_new_session=True,
        # No settings, since it is told them; above all no keys, which who reads what strangers send need not have.
        env={name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
        | {"TIDEGATE_WORKER_LOG": log_level},
    )


class Desk:
    """Runs as one task, which its owner awaits.

    Args:
        office: what all share.
        nth: which worker it is, from 0.
        greet: gives a new one its first parcels.
        unpacker: makes what reads its shipments.
        gone: hears what the one that is gone had counted.
    """

    def __init__(
        self,
        office: Office,
        nth: int,
        greet: Callable[[Colleague], None],
        unpacker: Callable[[], Unpacker],
        gone: Callable[[Counts], None],
    ) -> None:
        self._office = office
        self.nth = nth
        self._greet = greet
        self._unpacker = unpacker
        self._gone = gone
        # None between two workers.
        self.colleague: Colleague | None = None
        self.process: asyncio.subprocess.Process | None = None
        # Workers that were lost since the start.
        self.losses = 0
        # Set once one listens, or the first has failed.
        self.settled = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def is_listening(self) -> bool:
        """Whether it takes connections."""
        return self.colleague is not None and self.colleague.is_listening

    async def run(self) -> None:
        """Have a worker until stopped."""
        loop = asyncio.get_running_loop()
        pause = 0.0
        while True:
            began, code = loop.time(), None
            try:
                code = await self._employ()
            except Exception:
                # Whatever it is, the place must not stay empty for it.
                _log.exception("worker_failed", worker=self.nth)
                self.kill()
            self.settled.set()
            if self._stopped.is_set():
                return
            self.losses += 1
            pause = pause_after(pause, loop.time() - began)
            _log.error("worker_lost", worker=self.nth, code=code, again_in_s=pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), pause)
                return

    async def _employ(self) -> int | None:
        """One worker, from its start to its end; the exit code."""
        ours, theirs = socket.socketpair()
        ended = asyncio.Event()
        colleague = Colleague(self._office, self._unpacker(), self.settled.set)
        try:
            self.process = await start_process(theirs, self._office.log_level)
        except OSError as error:
            ours.close()
            _log.error("worker_cannot_start", worker=self.nth, reason=str(error))
            return None
        finally:
            theirs.close()
        colleague.link = Link(asyncio.get_running_loop(), colleague.handle, ended.set)
        await colleague.link.connect(ours)
        self.colleague = colleague
        self._greet(colleague)
        if self._stopped.is_set():
            # While it was started.
            colleague.link.put(Kind.STOP)
        try:
            await ended.wait()
        finally:
            self.colleague = None
            colleague.link.cut()
            colleague.lost()
        self._gone(colleague.counts)
        # Who has closed the link has ended, or does not know what it says.
        self.kill()
        return await self.process.wait()

    def kill(self) -> None:
        """End its process at once."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    def stop(self) -> None:
        """Tell the worker to end; no other follows."""
        self._stopped.set()
        if self.colleague is not None:
            self.colleague.link.put(Kind.STOP)
        else:
            self.kill()
