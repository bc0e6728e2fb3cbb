"""SIGTERM under load: closes are spread, all that was taken is kept, and everyone comes back to the next start."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from tests.e2e.fleet import closed, progress, under_load
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.producer import KPIS, Producer

CLIENTS = int(os.environ.get("TIDEGATE_DRAIN_CLIENTS", "12"))
DRAIN_MS = 1_000
ATTEMPTS = 10


def test_a_drain_spreads_its_closes_and_everyone_comes_back(tmp_path: Path) -> None:
    """Code 0 and a snapshot of all that was acked; no client is closed before it was told, all with 1012."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPIS)
    gateway = GatewayProcess(tmp_path / "data", kpis=kpis, snapshot_s=3_600, drain_ms=DRAIN_MS, accept_rate=10_000)
    producers = [Producer(f"p{n}") for n in range(CLIENTS)]

    async def act() -> None:
        await progress(producers)
        for times in range(1, ATTEMPTS + 1):
            gateway.signal(signal.SIGTERM)
            assert await asyncio.to_thread(gateway.wait) == 0
            await closed(producers, times)
            assert {code for producer in producers for _, code in producer.closes} == {1012}
            assert [len(producer.closes) for producer in producers] == [times] * CLIENTS
            assert [producer.drains for producer in producers] == [[DRAIN_MS] * times] * CLIENTS
            moments = sorted(producer.closes[-1][0] for producer in producers)
            await asyncio.to_thread(gateway.start)
            recovered = gateway.events("recovered")[-1]
            assert (recovered["events"], recovered["snapshot"]) == (0, recovered["position"])
            await progress(producers)
            assert all(len(producer.welcomed) == times + 1 for producer in producers)
            # The first tenth of them is gone long before the last tenth, unless this machine stood still meanwhile.
            if moments[-1 - CLIENTS // 10] - moments[CLIENTS // 10] > DRAIN_MS / 1_000 / 4:
                return
        raise AssertionError("all closes came at once, each time")

    under_load(gateway, producers, act)
