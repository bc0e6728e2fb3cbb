"""SIGSTOP and SIGCONT: the gateway stands still for a while, and nobody loses anything."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from tests.e2e.fleet import progress, under_load
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.producer import KPIS, Producer

PAUSES = int(os.environ.get("TIDEGATE_PAUSES", "2"))
HEARTBEAT_MS = 300


def test_a_gateway_that_stood_still_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Clients that waited go on or resume; those that gave up come back while it still stands, and resume, too.

    The pause is longer than two heartbeats, so that when it wakes up everyone has been silent for too long.
    """
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPIS)
    gateway = GatewayProcess(tmp_path / "data", kpis=kpis, snapshot_s=1, heartbeat_ms=HEARTBEAT_MS, accept_rate=10_000)
    waiting = [Producer(f"w{n}") for n in range(2)]
    hasty = [Producer(f"h{n}", patience=0.25) for n in range(2)]

    async def act() -> None:
        for _ in range(PAUSES):
            await progress([*waiting, *hasty], 3)
            before = [producer.dropped for producer in hasty]
            gateway.signal(signal.SIGSTOP)
            try:
                until = time.monotonic() + 4 * HEARTBEAT_MS / 1_000
                while any(producer.dropped <= known for producer, known in zip(hasty, before, strict=True)) or (
                    time.monotonic() < until
                ):
                    await asyncio.sleep(0.01)
            finally:
                gateway.signal(signal.SIGCONT)
        await progress([*waiting, *hasty], 3)

    under_load(gateway, [*waiting, *hasty], act)
    assert all(len(producer.welcomed) > PAUSES for producer in hasty)
