"""Several processes on one port, any of which may be killed: what was acked is there, once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.e2e.fleet import closed, progress, under_load
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.producer import KPIS, Producer

KILLS = int(os.environ.get("TIDEGATE_WORKER_KILLS", "6"))
DRAIN_MS = 500


def made(folder: Path, **settings: Any) -> GatewayProcess:
    kpis = folder / "kpis.toml"
    kpis.write_text(KPIS)
    return GatewayProcess(folder / "data", kpis=kpis, snapshot_s=1, accept_rate=10_000, workers=2, **settings)


def workers_of(gateway: GatewayProcess) -> list[dict[str, Any]]:
    """How each stands. The one that is asked may be killed meanwhile."""
    while True:
        try:
            found: list[dict[str, Any]] = gateway.status()["workers"]
            return found
        except (OSError, HTTPException):
            assert gateway.running


def test_kills_of_any_process_lose_and_double_nothing(tmp_path: Path) -> None:
    """Workers and the analytics process are killed in turns, at any moment; each comes back, and the account is exact.

    Producers move to whichever worker the kernel gives them, with batches under way on the one they had.
    """
    gateway = made(tmp_path, drain_ms=DRAIN_MS)
    producers = [Producer(f"p{n}") for n in range(6)]
    dice = random.Random(6)

    async def act() -> None:
        restarts = 0
        for number in range(KILLS):
            await progress(producers, dice.randint(1, 4))
            if number % 3 == 2:
                await asyncio.to_thread(gateway.kill)
                await asyncio.to_thread(gateway.start)
                restarts = 0
                continue
            os.kill(dice.choice(await asyncio.to_thread(workers_of, gateway))["pid"], signal.SIGKILL)
            restarts += 1
            while True:
                lines = await asyncio.to_thread(workers_of, gateway)
                if sum(line["restarts"] for line in lines) == restarts and all(line["listening"] for line in lines):
                    break
        await progress(producers, 2)
        assert len(gateway.events("worker_lost")) >= KILLS - KILLS // 3

    under_load(gateway, producers, act)
    assert all(len(producer.welcomed) > 1 for producer in producers)


def test_a_drain_is_one_over_all_workers(tmp_path: Path) -> None:
    """Everyone is told and closed with 1012, spread; code 0; a snapshot of all that was acked."""
    gateway = made(tmp_path, drain_ms=DRAIN_MS)
    producers = [Producer(f"p{n}") for n in range(8)]

    async def act() -> None:
        await progress(producers)
        gateway.signal(signal.SIGTERM)
        assert await asyncio.to_thread(gateway.wait) == 0
        await closed(producers)
        assert {code for producer in producers for _, code in producer.closes} == {1012}
        assert [producer.drains for producer in producers] == [[DRAIN_MS]] * len(producers)
        await asyncio.to_thread(gateway.start)
        recovered = gateway.events("recovered")[-1]
        assert (recovered["events"], recovered["snapshot"]) == (0, recovered["position"])
        await progress(producers)

    under_load(gateway, producers, act)


def test_a_pause_of_the_analytics_process_or_of_a_worker_loses_nothing(tmp_path: Path) -> None:
    """Clients wait or come back; while a worker stands still, those of the others are served."""
    gateway = made(tmp_path, heartbeat_ms=300)
    producers = [Producer(f"p{n}") for n in range(6)]

    async def act() -> None:
        for number in range(3):
            await progress(producers)
            victims = [gateway.pid, *(line["pid"] for line in await asyncio.to_thread(workers_of, gateway))]
            os.kill(victims[number], signal.SIGSTOP)
            until = time.monotonic() + 0.8
            goal = sum(producer.acked for producer in producers) + 20
            while time.monotonic() < until or (number and sum(producer.acked for producer in producers) < goal):
                await asyncio.sleep(0.01)
            os.kill(victims[number], signal.SIGCONT)
        await progress(producers)

    under_load(gateway, producers, act)


def test_numbers_do_not_depend_on_how_many_read(tmp_path: Path) -> None:
    """The same batches, as rows and columns, with repeats and with events that are dropped: rows, ledger, reasons."""
    found = []
    for count in (1, 3):
        folder = tmp_path / str(count)
        folder.mkdir()
        kpis = folder / "kpis.toml"
        kpis.write_text(KPIS)
        with GatewayProcess(folder / "data", kpis=kpis, workers=count) as gateway:
            for number in range(6):
                asyncio.run(_send(gateway, f"p{number}"))
            status = gateway.status()
            rows = [gateway.rows(kpi) for kpi in ("events", "by_producer")]
            found.append((status["ledger"], status["reasons"], rows))
    assert found[0] == found[1]
    assert found[0][0]["duplicate"] > 0
    assert found[0][0]["rejected"] > 0


async def _send(gateway: GatewayProcess, name: str) -> None:
    """Batches of all kinds from one producer, at times that do not depend on when they are sent."""
    async with connect(
        gateway.ws_url, subprotocols=[Subprotocol("tidegate.v1")], compression=None, proxy=None
    ) as socket:
        claim = {"id": name, "epoch": 1, "next_seq": 1}
        await socket.send(
            json.dumps({"type": "hello", "v": 1, "role": "producer", "token": WRITE_KEY, "producer": claim})
        )
        hour = int(time.time()) // 86_400 * 86_400_000
        for seq in range(1, 13):
            event = {
                "event": "x",
                "timestamp": hour + seq,
                "properties": {"producer": f"{name}-{seq % 5}", "value": seq},
            }
            batch: dict[str, Any] = {"type": "batch", "seq": seq, "events": [event, event, {"event": ""}]}
            if seq % 3 == 0:
                batch = {
                    "type": "columns",
                    "seq": seq,
                    "n": 2,
                    "t0": hour,
                    "dt": [seq, 1],
                    "event": {"d": ["x"], "i": [0, 0]},
                    "uuid": [f"{name}-same", None],
                    "properties": {"producer": {"d": [name], "i": [0, -1]}, "value": [seq, 1.5]},
                }
            await socket.send(json.dumps(batch))
            while (message := json.loads(await socket.recv()))["type"] != "ack" or message["seq"] < seq:
                pass
