"""Waiting for something to be over."""

from __future__ import annotations

import asyncio

from gateway.server.watchers import Watchers
from tests.server.serving import on_loop


def test_each_looks_for_himself() -> None:
    """What is over is not waited for; who is woken too early waits on; who was cancelled is in nobody's way."""

    async def run() -> None:
        watchers, level = Watchers(asyncio.get_running_loop()), [0]

        async def reaches(at: int) -> None:
            await watchers.until(lambda: level[0] >= at)

        await reaches(0)
        waiting = [asyncio.create_task(reaches(at)) for at in (1, 2, 2)]
        await asyncio.sleep(0)
        waiting[2].cancel()
        await asyncio.sleep(0)
        done = []
        for level[0] in (1, 2):
            watchers.wake()
            for _ in range(3):
                await asyncio.sleep(0)
            done.append([task.done() for task in waiting])
        assert done == [[True, False, True], [True, True, True]]

    on_loop(run)
