"""A process that may open few files: it refuses who comes, keeps who is there, and recovers by itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

from tests.e2e.figures import metric
from tests.e2e.fleet import progress, under_load
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.producer import KPIS, Producer, check_counts

LIMIT = 64


def test_without_descriptors_new_sockets_are_refused_and_old_ones_live_on(tmp_path: Path) -> None:
    """Three times as many as it may have knock and stay; producers go on; when they leave, the next one is let in."""
    kpis = tmp_path / "kpis.toml"
    kpis.write_text(KPIS)
    few = ["sh", "-c", 'ulimit -n "$0"; exec "$@"', str(LIMIT)]
    gateway = GatewayProcess(tmp_path / "data", under=few, kpis=kpis, snapshot_s=1, accept_rate=10_000)
    producers, late = [Producer(f"p{n}") for n in range(2)], Producer("late")

    async def act() -> None:
        (said,) = gateway.events("descriptor_limit")
        assert (said["max_connections"], said["allowed"]) == (10_000, LIMIT // 2)
        await progress(producers)
        with contextlib.ExitStack() as crowd:
            for _ in range(3 * LIMIT):
                crowd.enter_context(socket.create_connection(("127.0.0.1", gateway.port), timeout=60))
            coming = asyncio.create_task(late.run(gateway))
            await progress(producers, 20)
            assert all(len(producer.welcomed) == 1 for producer in producers)
            assert late.welcomed == []
        await progress([late], 3)
        assert await asyncio.to_thread(metric, gateway, "tidegate_sockets_refused_total", cause="total") > 0
        late.stopping = True
        for producer in producers:
            producer.stopping = True
        await coming
        while any(producer.acked < producer.sent for producer in producers):
            await asyncio.sleep(0.002)
        await asyncio.to_thread(check_counts, gateway, [*producers, late])

    under_load(gateway, producers, act, check=None)
