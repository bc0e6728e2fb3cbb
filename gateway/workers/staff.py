"""All workers, from the analytics process: starts them, tells them what changes, ends those that hang.

The port is bound here and listened to there: each worker has a socket of its own on it, and the kernel deals new
connections out. Whoever is lost takes its connections with it; their clients come back to the others.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from typing import Any, Final

import msgspec
import structlog

from gateway.config import Config
from gateway.core.packing import Schema
from gateway.core.unpacking import Unpacker
from gateway.errors import ConfigError
from gateway.server.front import Behind, Tally
from gateway.server.listening import Listening
from gateway.server.memory import resident_bytes
from gateway.wire.parcel import LINK, Kind
from gateway.workers.colleague import Colleague
from gateway.workers.desk import Desk
from gateway.workers.place import share
from gateway.workers.setup import Counts, Setup

__all__ = ["Staff"]

LOOK_S: Final = 0.1
HANG_LOOKS: Final = 100
"""Looks, of this process, without a word from a worker, after which that is ended: it gives a pulse every half second.
Looks are counted and not seconds, since a process that was stopped itself has heard nothing from anybody."""
START_LOOKS: Final = 600
"""The same of one that does not listen yet: a process that starts on a busy machine takes its time."""
START_S: Final = 60.0
STOP_S: Final = 3.0
MOST_BACKLOG: Final = 1 << 28
"""Bytes that may wait for one worker. What producers and viewers may have under way is bounded far below."""

_DRAINING: Final = 1
_OVERLOADED: Final = 2

_log = structlog.get_logger("tidegate.workers")


class Staff:
    """Implements `Front`, and `Office` for the colleagues."""

    def __init__(self, config: Config, listening: Listening, behind: Behind, loop: asyncio.AbstractEventLoop) -> None:
        self.house, self.gate, self.http = behind.house, behind.gate, behind.http
        self.log_level = config.log_level
        self._behind = behind
        self._config = config
        self._listening = listening
        self._loop = loop
        self._setup = b""
        # What the workers decode, and its number.
        self._codec = self.house.fold.codec
        self._schema = 1
        self._state = 0
        # What workers had counted that are gone.
        self._past = Counts()
        self._desks = [
            Desk(self, nth, self._greet, lambda: Unpacker(self._codec, self._schema), self._keep)
            for nth in range(config.workers)
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    # ---- Front ----------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Start them all, and wait until each of them listens."""
        config = self._config
        setup = Setup(
            LINK,
            dataclasses.replace(config, write_keys=(), view_keys=()),
            share(self._listening.sockets),
            self._listening.port,
        )
        self._setup = msgspec.json.encode(setup)
        self._tasks = [self._loop.create_task(desk.run()) for desk in self._desks]
        try:
            async with asyncio.timeout(START_S):
                for desk in self._desks:
                    await desk.settled.wait()
            started = all(desk.is_listening for desk in self._desks)
        except TimeoutError:
            started = False
        if not started:
            await self.stop()
            raise ConfigError("workers", "one of them could not start; the line before says why")
        self._look()

    def accept(self) -> asyncio.BaseProtocol:
        """See `Front`."""
        raise AssertionError("workers take the connections")

    def tally(self) -> Tally:
        """See `Front`."""
        own = self._behind.holding
        found = [self._past, *(one.counts for one in self._colleagues)]
        refused: Counter[int] = Counter()
        closes: Counter[int] = Counter()
        for counts in found:
            refused.update(counts.refused)
            closes.update(counts.closes)
        return Tally(
            own.bytes + sum(counts.held for counts in found),
            own.cuts + sum(counts.cuts for counts in found),
            sum(counts.frames for counts in found),
            sum(counts.received for counts in found),
            refused,
            closes,
        )

    def resident(self) -> int:
        """See `Front`. What processes share is counted for each."""
        return resident_bytes() + sum(one.counts.rss for one in self._colleagues)

    def workers(self) -> list[dict[str, Any]]:
        """See `Front`."""
        return [_line(desk) for desk in self._desks]

    async def stop(self) -> None:
        """Have them all end; those that do not are ended."""
        if self._timer is not None:
            self._timer.cancel()
        for desk in self._desks:
            desk.stop()
        if not self._tasks:
            return
        _, left = await asyncio.wait(self._tasks, timeout=STOP_S)
        for desk in self._desks:
            desk.kill()
        for task in left:
            task.cancel()
        await asyncio.wait(self._tasks)

    # ---- Office ---------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """The loop's time in milliseconds."""
        return int(self._loop.time() * 1000)

    def renew(self) -> None:
        """See to it that workers decode for the KPI set that runs."""
        codec = self.house.fold.codec
        if codec is self._codec:
            return
        self._codec = codec
        self._schema += 1
        for one in self._colleagues:
            one.unpacker = Unpacker(codec, self._schema)
            self._tell_schema(one)

    def tell(self) -> None:
        """See to it that workers know whether newcomers are refused."""
        state = _DRAINING * self.gate.draining + _OVERLOADED * self._behind.overloaded()
        if state != self._state:
            self._state = state
            for one in self._colleagues:
                one.link.put(Kind.STATE, state)

    # ---- inside ---------------------------------------------------------------------------------------------------

    @property
    def _colleagues(self) -> list[Colleague]:
        return [desk.colleague for desk in self._desks if desk.colleague is not None]

    def _greet(self, colleague: Colleague) -> None:
        self.renew()
        colleague.link.put(Kind.SETUP, 0, self._setup)
        self._tell_schema(colleague)
        colleague.link.put(Kind.STATE, self._state)

    def _tell_schema(self, colleague: Colleague) -> None:
        schema = Schema.of(self._codec.reader, self._schema)
        colleague.link.put(Kind.SCHEMA, 0, msgspec.json.encode(schema))

    def _keep(self, counts: Counts) -> None:
        past = self._past
        past.cuts += counts.cuts
        past.frames += counts.frames
        past.received += counts.received
        past.refused = dict(Counter(past.refused) + Counter(counts.refused))
        past.closes = dict(Counter(past.closes) + Counter(counts.closes))

    def _look(self) -> None:
        self._timer = self._loop.call_later(LOOK_S, self._look)
        self.renew()
        self.tell()
        for desk in self._desks:
            if desk.colleague is not None:
                desk.colleague.silence += 1
                self._judge(desk, desk.colleague)

    def _judge(self, desk: Desk, colleague: Colleague) -> None:
        """End a worker that is of no use."""
        if colleague.silence > (HANG_LOOKS if colleague.is_listening else START_LOOKS):
            _log.error("worker_hangs", worker=desk.nth)
            desk.kill()
        elif colleague.link.backlog > MOST_BACKLOG:
            _log.error("worker_behind", worker=desk.nth, backlog=colleague.link.backlog)
            desk.kill()


def _line(desk: Desk) -> dict[str, Any]:
    one, counts = desk.colleague, Counts()
    if one is not None:
        counts = one.counts
    return {
        "worker": desk.nth,
        "pid": None if one is None or desk.process is None else desk.process.pid,
        "listening": desk.is_listening,
        "connections": 0 if one is None else one.connections,
        "restarts": desk.losses,
        "backlog": 0 if one is None else one.link.backlog,
        "rss": counts.rss,
        "lag_ms": counts.lag_ms,
    }
