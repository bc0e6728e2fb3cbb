"""Producers at work against a gateway while a test does something to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import uvloop

from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.producer import Producer, check_counts

__all__ = ["closed", "progress", "under_load"]

DEADLINE_S = 120.0


async def progress(producers: Sequence[Producer], batches: int = 1) -> None:
    """Wait until so many more batches of each are acked."""
    goals = [producer.acked + batches for producer in producers]
    while any(producer.acked < goal for producer, goal in zip(producers, goals, strict=True)):
        await asyncio.sleep(0.002)


async def closed(producers: Sequence[Producer], times: int = 1) -> None:
    """Wait until each has found so many connections closed: the end of a gateway may be known before that."""
    while not all(len(producer.closes) >= times for producer in producers):
        await asyncio.sleep(0.002)


def under_load(
    gateway: GatewayProcess,
    producers: Sequence[Producer],
    act: Callable[[], Awaitable[None]],
    *,
    check: Callable[[GatewayProcess, Sequence[Any]], None] | None = check_counts,
    deadline_s: float = DEADLINE_S,
) -> None:
    """Let producers send while `act` runs, then until all that they sent is acked; ends the gateway.

    `check` looks at the counts then, if there is one.
    """

    async def run() -> None:
        async with asyncio.timeout(deadline_s):
            tasks = [asyncio.create_task(producer.run(gateway)) for producer in producers]
            try:
                await act()
                for producer in producers:
                    producer.stopping = True
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()

    try:
        if not gateway.running:
            gateway.start()
        uvloop.run(run())
        if check is not None:
            check(gateway, producers)
    finally:
        if gateway.running:
            gateway.kill()
