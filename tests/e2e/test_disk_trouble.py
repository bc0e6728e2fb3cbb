"""The disk under the real process: flushes that take long, one that fails, and a disk that is full."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from client_sdk.python import AsyncViewer
from tests.e2e.figures import metric
from tests.e2e.fleet import closed, progress, under_load
from tests.e2e.gateway_process import VIEW_KEY, GatewayProcess
from tests.e2e.producer import EVENTS, KPIS, Producer
from tests.e2e.smalldisk import SmallDisk

FLUSHES = "fsync,fdatasync"
HANG_S = float(os.environ.get("TIDEGATE_DISK_HANG_S", "6"))
"""Beyond 1.5 s producers are asked to shed, beyond 5 s to hold."""


def gateway_on(folder: Path, fault: str) -> GatewayProcess:
    """A gateway whose write-ahead log has a fault at its flushes."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.fail("this test needs strace (apt-get install strace)")
    kpis = folder / "kpis.toml"
    kpis.write_text(KPIS)
    log = ["-P", str(folder / "data" / "events.db-wal"), "-e", f"trace={FLUSHES}", "-e", f"inject={FLUSHES}:{fault}"]
    # -D: the gateway is our child, and the tracer its child.
    under = [strace, "-D", "-f", "-qq", "-o", os.devnull, *log]
    return GatewayProcess(folder / "data", under=under, kpis=kpis, snapshot_s=3_600, accept_rate=10_000)


def test_a_flush_that_hangs_holds_acks_and_credit_and_nothing_else(tmp_path: Path) -> None:
    """While it hangs no ack comes and no credit grows; the loop serves; then all is acked and counted once."""
    gateway = gateway_on(tmp_path, f"delay_enter={int(HANG_S * 1_000_000)}:when=40")
    producers = [Producer(f"p{n}") for n in range(3)]

    async def act() -> None:
        # Lag and level in a row of answers, between which nothing was acked or sent. Flushes are counted from the start
        # on, which makes some itself, and on a busy machine others are slow, too: this one is it that lasts.
        still: list[tuple[float, float]] = []
        stood: list[tuple[int, int]] = []
        while len(still) < 4 or still[-1][0] - still[0][0] < HANG_S / 2:
            lag = await asyncio.to_thread(metric, gateway, "tidegate_engine_lag_seconds")
            level = await asyncio.to_thread(metric, gateway, "tidegate_level")
            assert (await asyncio.to_thread(gateway.get, "/healthz"))[0] == 200
            stands = [(producer.acked, producer.sent) for producer in producers]
            still = [*still, (lag, level)] if lag >= 1 and stands == stood else []
            stood = stands
        assert max(level for _, level in still) >= 2
        await progress(producers, 3)

    under_load(gateway, producers, act)


def test_a_flush_that_fails_ends_the_process_and_loses_nothing(tmp_path: Path) -> None:
    """No ack behind the failed flush, code 74; the next start has all that was acked, and the rest is sent again."""
    gateway = gateway_on(tmp_path, "error=EIO:when=40")
    producers = [Producer(f"p{n}") for n in range(3)]

    async def act() -> None:
        assert await asyncio.to_thread(gateway.wait) == 74
        (failure,) = gateway.events("storage_failed")
        assert "events.db" in failure["reason"]
        await closed(producers)
        acked = [producer.acked for producer in producers]
        assert 0 < sum(acked) < sum(producer.sent for producer in producers)
        gateway.under = ()
        await asyncio.to_thread(gateway.start)
        status = await asyncio.to_thread(gateway.status)
        assert status["ledger"]["accepted"] >= sum(acked) * EVENTS
        assert status["log"]["damaged"] == []
        await progress(producers, 3)

    under_load(gateway, producers, act)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_program_that_watches_is_told_of_a_full_disk(tmp_path: Path, workers: int) -> None:
    """By the codes of notices, in their order; one that comes later by the same."""
    disk = SmallDisk(tmp_path / "disk")

    async def run() -> None:
        codes: list[str] = []
        more = asyncio.Event()

        def noticed(code: str) -> None:
            codes.append(code)
            more.set()

        async def heard(*wanted: str) -> None:
            async with asyncio.timeout(60):
                while codes != list(wanted):
                    more.clear()
                    await more.wait()

        async with AsyncViewer(gateway.url, VIEW_KEY, on_notice=noticed):
            await asyncio.to_thread(disk.fill, gateway)
            await heard("disk_full")
            codes.clear()
            async with AsyncViewer(gateway.url, VIEW_KEY, on_notice=noticed):
                await heard("disk_full")
                await asyncio.to_thread(disk.empty, gateway)
                await heard("disk_full", "disk_has_room", "disk_has_room")

    with disk.gateway(workers) as gateway:
        asyncio.run(run())
