"""kill -9 under load, again and again: what was acked is there, once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess

CYCLES = int(os.environ.get("TIDEGATE_KILL_CYCLES", "50"))
PRODUCERS = 4
EVENTS = 20
# Of one cycle; a second is usual, on a machine that is busy with other things it can be twenty.
DEADLINE_S = 120.0

KPIS = """
[[kpi]]
name = "events"
value = "count(*)"
window = "tumbling 1h"
grace = "24h"

[[kpi]]
name = "by_producer"
value = "sum(value)"
by = ["producer"]
window = "tumbling 1h"
grace = "24h"
"""


class Producer:
    """Sends batches as fast as credit allows and keeps what is not acked; reconnects at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = 0
        self.acked = 0
        self.stopping = False
        # Welcomes that knew less than was acked: each would be a loss.
        self.losses: list[tuple[int, int]] = []

    def frame(self, seq: int) -> str:
        stamp = time.time_ns() // 1_000_000
        events = [
            {
                "event": "x",
                "uuid": f"{self.name}-{seq}-{nth}",
                "timestamp": stamp,
                "properties": {"producer": self.name, "value": 1},
            }
            for nth in range(EVENTS)
        ]
        return json.dumps({"type": "batch", "seq": seq, "sent_at": stamp, "backlog": 9, "events": events})

    async def run(self, gateway: GatewayProcess) -> None:
        """Until stopped and everything sent is acked."""
        while not (self.stopping and self.acked == self.sent):
            try:
                async with connect(
                    gateway.ws_url, subprotocols=[Subprotocol("tidegate.v1")], compression=None, proxy=None
                ) as socket:
                    await self.converse(socket)
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(0.01)

    async def converse(self, socket: ClientConnection) -> None:
        claim = {"id": self.name, "epoch": 1, "next_seq": self.acked + 1}
        hello = {"type": "hello", "v": 1, "role": "producer", "token": WRITE_KEY, "producer": claim}
        await socket.send(json.dumps(hello))
        welcome = json.loads(await socket.recv())
        last: int = welcome["resume"]["last_seq"]
        if last < self.acked:
            self.losses.append((self.acked, last))
        self.acked = next_seq = max(self.acked, last)
        max_seq: int = welcome["credit"]["max_seq"]
        while True:
            while next_seq < max_seq and (next_seq < self.sent or not self.stopping):
                next_seq += 1
                self.sent = max(self.sent, next_seq)
                await socket.send(self.frame(next_seq))
            if self.stopping and self.acked == self.sent:
                return
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == "ack":
                self.acked = max(self.acked, message["seq"])
                max_seq = message["credit"]["max_seq"]


async def _hello(gateway: GatewayProcess, epoch: int) -> dict[str, Any] | int | None:
    """The welcome of a producer in this epoch, or the code that it is closed with."""
    claim = {"id": "p", "epoch": epoch, "next_seq": 1}
    hello = {"type": "hello", "v": 1, "role": "producer", "token": WRITE_KEY, "producer": claim}
    async with connect(
        gateway.ws_url, subprotocols=[Subprotocol("tidegate.v1")], compression=None, proxy=None
    ) as socket:
        await socket.send(json.dumps(hello))
        try:
            welcome: dict[str, Any] = json.loads(await socket.recv())
        except ConnectionClosed:
            return socket.close_code
        return welcome


def test_a_fence_outlives_a_kill(tmp_path: Path) -> None:
    """A producer raised its epoch, was welcomed and sent nothing: after kill -9 the older epoch is still refused."""
    gateway = GatewayProcess(tmp_path / "data")

    async def run() -> None:
        async with asyncio.timeout(60):
            for epoch in (1, 2):
                welcome = await _hello(gateway, epoch)
                assert isinstance(welcome, dict)
                assert welcome["resume"]["known"] is False
            await asyncio.to_thread(gateway.kill)
            await asyncio.to_thread(gateway.start)
            assert await _hello(gateway, 1) == 4009
            welcome = await _hello(gateway, 2)
            assert isinstance(welcome, dict)
            assert welcome["resume"] == {"known": True, "last_seq": 0}

    try:
        gateway.start()
        uvloop.run(run())
    finally:
        if gateway.running:
            gateway.kill()


@pytest.mark.timeout(3_600)
def test_many_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """Acked events lost 0, doubled 0; the ledger and every KPI say exactly what the producers sent."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPIS)
    # Snapshots every second, so that some restarts find one and some only the log.
    gateway = GatewayProcess(tmp_path / "data", kpis=kpis, snapshot_s=1, accept_rate=10_000)
    producers = [Producer(f"p{n}") for n in range(PRODUCERS)]
    dice = random.Random(20_261_125)

    async def run() -> None:
        gateway.start()
        tasks = [asyncio.create_task(producer.run(gateway)) for producer in producers]
        for _ in range(CYCLES):
            async with asyncio.timeout(DEADLINE_S):
                # Wait for real progress, then strike at a random moment soon after.
                goal = sum(p.acked for p in producers) + dice.randint(1, 60)
                while sum(p.acked for p in producers) < goal:
                    await asyncio.sleep(0.002)
                await asyncio.sleep(dice.random() * 0.02)
                await asyncio.to_thread(gateway.kill)
                await asyncio.to_thread(gateway.start)
        for producer in producers:
            producer.stopping = True
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*tasks)

    try:
        uvloop.run(run())
        assert [producer.losses for producer in producers] == [[]] * PRODUCERS
        sent = {producer.name: producer.sent * EVENTS for producer in producers}
        ledger = gateway.status()["ledger"]
        assert (ledger["sent"], ledger["accepted"]) == (sum(sent.values()), sum(sent.values()))
        counted: dict[str, int] = {}
        for row in gateway.rows("by_producer"):
            name = row["dims"]["producer"]
            counted[name] = counted.get(name, 0) + row["value"]
        assert counted == sent
        assert sum(row["value"] for row in gateway.rows("events")) == sum(sent.values())
    finally:
        if gateway.running:
            gateway.kill()
