"""Runs a crowd against a gateway: its events through the Python client, over a few real sockets."""

from __future__ import annotations

import asyncio
import ssl as tls
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TextIO

from client_sdk.python import AsyncClient, Ledger, State
from gateway.demo.model import Crowd

__all__ = ["Visitors", "progress", "total"]

CONNECTIONS = 8
"""Sockets that all visitors share; each is one producer."""
TICK_S = 0.05
LINE_S = 1.0
PLAIN_LINE_S = 10.0
"""Between two lines of progress where they cannot be written over each other."""


class Visitors:
    """Simulated visitors: a `Crowd`, and one `AsyncClient` for each group of its places."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        visitors: int = 200,
        seed: int = 1,
        connections: int = CONNECTIONS,
        out: TextIO | None = None,
        ssl: tls.SSLContext | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        """Nothing happens before `run`.

        Args:
            url: the gateway.
            key: a write key.
            visitors: how many are there at a time.
            seed: the same seed, the same crowd.
            connections: sockets to use at most.
            out: where the line of progress goes; None for nowhere.
            ssl: TLS settings for an https gateway.
            clock: the crowd's time, epoch ms; the wall clock by default.
        """
        self._visitors = visitors
        self._seed = seed
        self._host = url.split("://", 1)[-1].rstrip("/")
        self._out = out
        self._now = clock or _wall_ms
        self._clients = [AsyncClient(url, key, ssl=ssl) for _ in range(min(connections, visitors))]

    async def run(self, stop: asyncio.Event, *, close_timeout: float = 5) -> Ledger:
        """Send events until `stop` is set, then flush and close; returns the account of all clients together."""
        reporting: asyncio.Task[None] | None = None
        try:
            for client in self._clients:
                await client.start()
            if self._out is not None:
                reporting = asyncio.get_running_loop().create_task(self._report(self._out))
            crowd = Crowd(self._visitors, self._now(), seed=self._seed, host=self._host)
            while not stop.is_set():
                for act in crowd.until(self._now()):
                    self._clients[act.place % len(self._clients)].capture(
                        act.event,
                        act.properties,
                        distinct_id=act.distinct_id,
                        session_id=act.session_id,
                        timestamp=act.at,
                    )
                await _either(stop, TICK_S)
        finally:
            if reporting is not None:
                reporting.cancel()
                await asyncio.gather(reporting, return_exceptions=True)
            ledgers = await asyncio.gather(*(client.close(close_timeout) for client in self._clients))
        if self._out is not None:
            self._out.write(f"{_start(self._out)}{progress(self._visitors, 0, total(ledgers), [])}\n")
            self._out.flush()
        return total(ledgers)

    def ledger(self) -> Ledger:
        """The account of all clients together at this moment."""
        return total(client.ledger() for client in self._clients)

    async def _report(self, out: TextIO) -> None:
        """A line of progress each second on a terminal, each ten seconds elsewhere."""
        every = LINE_S if out.isatty() else PLAIN_LINE_S
        before, began = self.ledger(), time.monotonic()
        while True:
            await asyncio.sleep(every)
            now, ledger = time.monotonic(), self.ledger()
            rate = (ledger.sent - before.sent) / (now - began)
            before, began = ledger, now
            line = progress(self._visitors, rate, ledger, [client.state for client in self._clients])
            out.write(f"{_start(out)}{line}{'' if out.isatty() else chr(10)}")
            out.flush()


def total(ledgers: Iterable[Ledger]) -> Ledger:
    """One account of many.

    >>> total([Ledger(sent=2, accepted=2), Ledger(sent=1, pending=1)])
    Ledger(sent=3, accepted=2, duplicate=0, rejected=0, expired=0, pending=1)
    """
    return Ledger(*(sum(column) for column in zip(Ledger(), *ledgers, strict=True)))


def progress(visitors: int, rate: float, ledger: Ledger, states: Iterable[State]) -> str:
    """The line of progress: rate, account, and what the connections are doing unless all are open.

    >>> progress(200, 96.4, Ledger(sent=1500, accepted=1450, duplicate=0, rejected=0, expired=0, pending=50), [])
    '200 visitors, 96 events/s: 1,500 sent = 1,450 accepted + 0 duplicate + 0 rejected + 0 expired + 50 pending'
    """
    parts = " + ".join(f"{count:,} {name}" for name, count in zip(Ledger._fields[1:], ledger[1:], strict=True))
    troubles = Counter(state.value for state in states if state is not State.OPEN)
    trouble = "".join(f", {count} {state}" for state, count in sorted(troubles.items()))
    sign = "=" if ledger.balanced else "!="
    return f"{visitors} visitors, {rate:.0f} events/s: {ledger.sent:,} sent {sign} {parts}{trouble}"


def _start(out: TextIO) -> str:
    """Back to the beginning of the line and clear it, on a terminal."""
    return "\r\x1b[2K" if out.isatty() else ""


async def _either(stop: asyncio.Event, seconds: float) -> None:
    """Until `stop`, or for so long."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
