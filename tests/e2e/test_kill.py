"""kill -9 under load, again and again: what was acked is there, once."""

from __future__ import annotations

import asyncio
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.producer import KPIS, Producer, check_counts

CYCLES = int(os.environ.get("TIDEGATE_KILL_CYCLES", "50"))
PRODUCERS = 4
# Of one cycle; a second is usual, on a machine that is busy with other things it can be twenty.
DEADLINE_S = 120.0


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
        check_counts(gateway, producers)
    finally:
        if gateway.running:
            gateway.kill()
