"""Several processes on one port, any of which may be killed: what was acked is there, once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.e2e.fleet import DEADLINE_S, closed, progress, under_load
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.mixed import Mixed, check_account, prime
from tests.e2e.patience import eventually
from tests.e2e.producer import KPIS, Producer

ROUNDS = int(os.environ.get("TIDEGATE_WORKER_ROUNDS", "1"))
STOP_S = float(os.environ.get("TIDEGATE_WORKER_STOP_S", "0.3"))
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


class Set:
    """Two workers and the analytics process, and what may befall them. Each call returns when all of them are back."""

    def __init__(self, gateway: GatewayProcess, dice: random.Random) -> None:
        self._gateway = gateway
        self._dice = dice

    def kill_worker(self, nth: int) -> None:
        """SIGKILL; another one takes its place."""
        before = workers_of(self._gateway)
        os.kill(before[nth]["pid"], signal.SIGKILL)
        eventually(
            lambda: workers_of(self._gateway),
            lambda now: now[nth]["restarts"] > before[nth]["restarts"] and all(line["listening"] for line in now),
        )

    def kill_all(self) -> None:
        """SIGKILL of the one that was started: the others go with it."""
        self._gateway.kill()
        self._gateway.start()

    def stop(self, nth: int) -> None:
        """SIGSTOP of a worker for a while, and no word of it to anyone."""
        pid = workers_of(self._gateway)[nth]["pid"]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(STOP_S)
        with suppress(ProcessLookupError):  # ended meanwhile, as one that hangs
            os.kill(pid, signal.SIGCONT)

    def drain(self) -> None:
        """SIGTERM."""
        assert self._gateway.terminate() == 0
        self._gateway.start()

    @property
    def blows(self) -> list[Callable[[], None]]:
        """One of each kind, in any order."""
        found: list[Callable[[], None]] = [
            *(partial(self.kill_worker, nth) for nth in range(2)),
            self.kill_all,
            partial(self.stop, self._dice.randrange(2)),
            self.drain,
        ]
        self._dice.shuffle(found)
        return found


@pytest.mark.timeout(3_600)
def test_whatever_ends_or_stands_still_the_account_is_exact(tmp_path: Path) -> None:
    """Each process of a set is killed, one is stopped, all are drained, at any moment of a load in two encodings.

    Rows and columns, repeats within a batch and of another producer on whatever worker, refused and late events: every
    event has one verdict, and what is to be counted is counted once. Producers move to the worker that the kernel gives
    them, with batches under way on the one they had.
    """
    gateway = made(tmp_path, drain_ms=DRAIN_MS)
    producers = [Mixed(f"p{n}", f"pair{n // 2}", packed=n % 2 > 0) for n in range(6)]
    dice = random.Random(6)

    async def act() -> None:
        prime(gateway)
        for _ in range(ROUNDS):
            for blow in Set(gateway, dice).blows:
                await progress(producers, dice.randint(1, 4))
                await asyncio.sleep(dice.random() * 0.02)
                await asyncio.to_thread(blow)
        await progress(producers, 2)
        assert len(gateway.events("worker_lost")) >= 2 * ROUNDS

    under_load(gateway, producers, act, check=check_account, deadline_s=DEADLINE_S * (1 + ROUNDS))
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
    """Clients wait or come back; while a worker stands still, those of the others are served.

    The kernel deals connections out: should all be those of the one that stands still, it is ended as one that hangs.
    """
    gateway = made(tmp_path, heartbeat_ms=300)
    producers = [Producer(f"p{n}") for n in range(8)]

    async def act() -> None:
        for number in range(3):
            await progress(producers)
            victims = [gateway.pid, *(line["pid"] for line in await asyncio.to_thread(workers_of, gateway))]
            os.kill(victims[number], signal.SIGSTOP)
            until = time.monotonic() + 0.8
            goal = sum(producer.acked for producer in producers) + 20
            while time.monotonic() < until or (number and sum(producer.acked for producer in producers) < goal):
                await asyncio.sleep(0.01)
            with suppress(ProcessLookupError):
                os.kill(victims[number], signal.SIGCONT)
        await progress(producers)

    under_load(gateway, producers, act)


def test_numbers_do_not_depend_on_how_many_read(tmp_path: Path) -> None:
    """The same batches, as rows and columns, with repeats and with events that are dropped: rows, ledger, reasons."""
    found = []
    day = int(time.time()) // 86_400 * 86_400_000
    for count in (1, 3):
        folder = tmp_path / str(count)
        folder.mkdir()
        kpis = folder / "kpis.toml"
        kpis.write_text(KPIS)
        with GatewayProcess(folder / "data", kpis=kpis, workers=count) as gateway:
            for number in range(6):
                asyncio.run(_send(gateway, f"p{number}", day))
            status = gateway.status()
            rows = [gateway.rows(kpi) for kpi in ("events", "by_producer")]
            found.append((status["ledger"], status["reasons"], rows))
    assert found[0] == found[1]
    assert found[0][0]["duplicate"] > 0
    assert found[0][0]["rejected"] > 0


async def _send(gateway: GatewayProcess, name: str, start: int) -> None:
    """Batches of all kinds from one producer, at times that do not depend on when they are sent."""
    async with connect(
        gateway.ws_url, subprotocols=[Subprotocol("tidegate.v1")], compression=None, proxy=None
    ) as socket:
        claim = {"id": name, "epoch": 1, "next_seq": 1}
        await socket.send(
            json.dumps({"type": "hello", "v": 1, "role": "producer", "token": WRITE_KEY, "producer": claim})
        )
        for seq in range(1, 13):
            event = {
                "event": "x",
                "timestamp": start + seq,
                "properties": {"producer": f"{name}-{seq % 5}", "value": seq},
            }
            batch: dict[str, Any] = {"type": "batch", "seq": seq, "events": [event, event, {"event": ""}]}
            if seq % 3 == 0:
                batch = {
                    "type": "columns",
                    "seq": seq,
                    "n": 2,
                    "t0": start,
                    "dt": [seq, 1],
                    "event": {"d": ["x"], "i": [0, 0]},
                    "uuid": [f"{name}-same", None],
                    "properties": {"producer": {"d": [name], "i": [0, -1]}, "value": [seq, 1.5]},
                }
            await socket.send(json.dumps(batch))
            while (message := json.loads(await socket.recv()))["type"] != "ack" or message["seq"] < seq:
                pass
