"""Who waits for something to be over: woken together, and each looks for himself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Watchers"]


class Watchers:
    """Tasks that wait. Whoever changes what they wait for calls `wake`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[asyncio.Future[None]] = []

    async def until(self, over: Callable[[], bool]) -> None:
        """Wait until it is `over`, which is asked at once and after each `wake`."""
        while not over():
            future = self._loop.create_future()
            self._waiting.append(future)
            await future

    def wake(self) -> None:
        """Something has changed."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
