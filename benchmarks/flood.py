"""A flood, as its own process: many connections of one kind, opened again as often as they are closed.

    python -m benchmarks.flood '{"port": 8080, "kind": "pings", ...}'      # the fields of `Plan`

It prints `{"settled":N}` once the flood is on, goes on until its standard input ends, and prints one JSON object, the
fields of `Outcome`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import uvloop

from benchmarks.attacker import Attacker, Means
from benchmarks.attacks import ATTACKS
from benchmarks.machine import DRIVER_CORE, pin, raise_file_limit

__all__ = ["Flood", "Outcome", "Plan"]

_PER_SOURCE = 900
"""Connections from one address, below what the gateway lets one have."""
_ATTEMPTS = 64
"""Connections that are being opened at once."""
_CONNECT_S = 10.0


@dataclass(frozen=True)
class Plan:
    """What floods whom. `rate` is messages a second of one connection, 0 for as many as it takes."""

    port: int
    kind: str
    write_key: str
    view_key: str
    connections: int = 100
    kpi: str = "probes"
    size: int = 262_144
    rate: float = 0.0
    # Events that are sent as fast as possible first, before the flood counts as on.
    prime: int = 0
    # Seconds before a connection that ended is opened again; connections opened a second, in all.
    again_s: float = 0.2
    pace: float = 400.0
    # Bytes of the receive buffer, 0 for the system's own.
    receive_buffer: int = 0
    # Addresses that the connections come from, 0 for as many as they need.
    sources: int = 0
    settle_s: float = 60.0


@dataclass
class Outcome:
    """What became of the flood. `ends` counts connections by HTTP status or close code, 0 for neither."""

    opened: int = 0
    failed: int = 0
    sent: int = 0
    acked: int = 0
    most: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)


class Flood:
    """Keeps `connections` attackers going."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self.means = Means(plan.port, plan.write_key, plan.view_key, plan.kpi, plan.size, plan.rate, plan.prime)
        self._loop = asyncio.get_running_loop()
        self._made = ATTACKS[plan.kind]
        self._stopping = False
        # Numbers of the connections to open, and those that are there.
        self._waiting: asyncio.Queue[int] = asyncio.Queue()
        self._there: set[Attacker] = set()
        self._sources = plan.sources or -(-plan.connections // _PER_SOURCE)

    async def run(self, stop: asyncio.Event) -> Outcome:
        """Begin, say so, go on until `stop`."""
        for number in range(self.plan.connections):
            self._waiting.put_nowait(number)
        openers = [asyncio.create_task(self._open_all()) for _ in range(min(_ATTEMPTS, self.plan.connections))]
        await self._settle(stop)
        print(orjson.dumps({"settled": self.settled()}).decode("ascii"), flush=True)
        await stop.wait()
        self._stopping = True
        for task in openers:
            task.cancel()
        await asyncio.gather(*openers, return_exceptions=True)
        for attacker in list(self._there):
            attacker.transport.abort()
        self.outcome.sent, self.outcome.acked = self.means.sent, self.means.acked
        self.outcome.verdicts = self.means.verdicts
        return self.outcome

    def settled(self) -> int:
        """Connections that are what they should be."""
        return sum(attacker.settled for attacker in self._there)

    async def _settle(self, stop: asyncio.Event) -> None:
        """Wait until as many are there as were asked for, or have been."""
        until = self._loop.time() + self.plan.settle_s
        while self._loop.time() < until and not stop.is_set():
            there = self.settled() >= self.plan.connections
            if self.means.primed and (there or sum(self.outcome.ends.values()) >= self.plan.connections):
                return
            await asyncio.sleep(0.1)

    async def _open_all(self) -> None:
        gap = min(_ATTEMPTS, self.plan.connections) / self.plan.pace
        while True:
            number = await self._waiting.get()
            await self._open(number)
            await asyncio.sleep(gap)

    async def _open(self, number: int) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        if self.plan.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.plan.receive_buffer)
        try:
            sock.bind((f"127.0.1.{1 + number % self._sources}", 0))
            async with asyncio.timeout(_CONNECT_S):
                await self._loop.sock_connect(sock, ("127.0.0.1", self.plan.port))
            _, attacker = await self._loop.create_connection(
                lambda: self._made(self.means, self._lost, number), sock=sock
            )
        except (OSError, TimeoutError):
            sock.close()
            self.outcome.failed += 1
            self._again(number)
            return
        self.outcome.opened += 1
        self._there.add(attacker)
        self.outcome.most = max(self.outcome.most, len(self._there))

    def _lost(self, attacker: Attacker, verdict: int) -> None:
        self._there.discard(attacker)
        if not self._stopping:
            self.outcome.ends[str(verdict)] = self.outcome.ends.get(str(verdict), 0) + 1
            self._again(attacker.number)

    def _again(self, number: int) -> None:
        if not self._stopping:
            self._loop.call_later(self.plan.again_s, self._waiting.put_nowait, number)


async def _flood(plan: Plan) -> Outcome:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def wait_for_end() -> None:
        while os.read(0, 4_096):
            pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    return await Flood(plan).run(stop)


def main() -> None:
    """Read the plan from the command line, flood until the input ends, print the outcome."""
    raise_file_limit()
    pin(DRIVER_CORE)
    os.setpriority(os.PRIO_PROCESS, 0, 10)
    plan: dict[str, Any] = orjson.loads(sys.argv[1])
    gc.freeze()
    print(orjson.dumps(asdict(uvloop.run(_flood(Plan(**plan))))).decode("ascii"), flush=True)


if __name__ == "__main__":
    main()
