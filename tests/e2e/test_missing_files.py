"""Files of the data folder that are taken away, while it is at work and while it is not; and a second process on it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.fleet import progress, under_load
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.producer import EVENTS, KPIS, Producer


def gateway_in(folder: Path) -> GatewayProcess:
    kpis = folder / "kpis.toml"
    kpis.write_text(KPIS)
    return GatewayProcess(folder / "data", kpis=kpis, snapshot_s=1, accept_rate=10_000)


def refusal(gateway: GatewayProcess) -> tuple[int, str]:
    """Code and message of a start that must not succeed."""
    command = [sys.executable, "-m", "gateway", "serve", "--port=0", f"--data={gateway.data}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize("name", ["events.db-wal", "events.db"])
def test_a_file_that_is_taken_away_under_load_loses_nothing(tmp_path: Path, name: str) -> None:
    """The process ends with 74 before it acks what no start could find; none starts without the database."""
    gateway = gateway_in(tmp_path)
    producers = [Producer(f"p{n}") for n in range(2)]

    async def act() -> None:
        await progress(producers, 3)
        file, aside = gateway.data / name, tmp_path / "aside"
        file.rename(aside)
        assert await asyncio.to_thread(gateway.wait) == 74
        (failure,) = gateway.events("storage_failed")
        assert failure["reason"] == f"{file} was removed or replaced while it was in use"
        if name == "events.db":
            code, message = await asyncio.to_thread(refusal, gateway)
            assert (code, "events.db is missing" in message, message.count("\n")) == (74, True, 0)
            aside.rename(file)
        await asyncio.to_thread(gateway.start)
        await progress(producers, 3)

    under_load(gateway, producers, act)


def lose_index(gateway: GatewayProcess) -> None:
    """SQLite makes it anew from the write-ahead log."""
    (gateway.data / "events.db-shm").unlink()


def keep_all(gateway: GatewayProcess) -> None:
    """Nothing is taken."""


@pytest.mark.parametrize("lose", [lose_index, keep_all])
def test_after_a_kill_the_index_is_not_missed(tmp_path: Path, lose: Callable[[GatewayProcess], None]) -> None:
    """And a second process on the folder ends at once with 2, naming the first."""
    gateway = gateway_in(tmp_path)
    producers = [Producer(f"p{n}") for n in range(2)]

    async def act() -> None:
        await progress(producers, 3)
        await asyncio.to_thread(gateway.kill)
        lose(gateway)
        await asyncio.to_thread(gateway.start)
        code, message = await asyncio.to_thread(refusal, gateway)
        assert (code, f"is in use by process {gateway.pid}" in message, message.count("\n")) == (2, True, 0)
        await progress(producers, 3)

    under_load(gateway, producers, act)


def test_a_removed_write_ahead_log_doubles_nothing(tmp_path: Path) -> None:
    """What was only in it is lost, as with a lost disk; a client that was acked more is met as unknown, not misled."""
    gateway = gateway_in(tmp_path)
    producer = Producer("p", most=40)

    async def act() -> None:
        await progress([producer], 40)
        await asyncio.to_thread(gateway.kill)
        (gateway.data / "events.db-wal").unlink()
        await asyncio.to_thread(gateway.start)
        ledger = (await asyncio.to_thread(gateway.status))["ledger"]
        there = ledger["accepted"] // EVENTS
        assert ledger["accepted"] == ledger["sent"] == there * EVENTS <= 40 * EVENTS
        rows = await asyncio.to_thread(gateway.rows, "by_producer")
        assert sum(row["value"] for row in rows) == ledger["accepted"]
        while len(producer.welcomed) < 2:
            await asyncio.sleep(0.002)
        assert producer.forgotten == (there < 40)

    under_load(gateway, [producer], act, check=None)
