"""An event loop without a clock or a socket: what is due runs when the world says so, in the order of asyncio."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from itertools import count
from typing import Any

__all__ = ["Future", "Loop"]


class Future:
    """What `create_future` gives: enough of asyncio's for the code under test."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._done = False
        self._result: Any = None
        self._callbacks: list[Callable[[Any], None]] = []

    def done(self) -> bool:
        return self._done

    def result(self) -> Any:
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result

    def set_result(self, result: Any) -> None:
        assert not self._done
        self._done, self._result = True, result
        for callback in self._callbacks:
            self._loop.call_soon(callback, self)

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        if self._done:
            self._loop.call_soon(callback, self)
        else:
            self._callbacks.append(callback)

    def __await__(self) -> Generator[Future, None, Any]:
        if not self._done:
            yield self
        return self.result()


class Loop:
    """Milliseconds pass by `pass_time` alone. What other threads would do comes back after a while of the dice."""

    def __init__(self, chance: random.Random, now: float) -> None:
        self.now = now
        self._chance = chance
        self._ready: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self._timers: list[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = []
        self._numbers = count()
        # Dice of its own, so that a seed means what it did.
        self._tempo = random.Random(1)
        self._pace = 0.0

    def pace(self) -> float:
        """Seconds of work, by which steps of long work are spread over turns: each may be the last of one."""
        self._pace += self._tempo.choice((0.0, 0.0, 1.0))
        return self._pace

    def time(self) -> float:
        """Seconds, of a clock that never jumps."""
        return self.now / 1000

    def call_soon(self, callback: Callable[..., Any], *arguments: Any) -> None:
        self._ready.append((callback, arguments))

    call_soon_threadsafe = call_soon

    def call_later(self, seconds: float, callback: Callable[..., Any], *arguments: Any) -> None:
        heapq.heappush(self._timers, (self.now + seconds * 1000, next(self._numbers), callback, arguments))

    def create_future(self) -> Future:
        return Future(self)

    def run_in_executor(self, _executor: None, work: Callable[[], Any]) -> Future:
        """In another thread: it is done some turns later."""
        future = Future(self)

        def run() -> None:
            try:
                future.set_result(work())
            except Exception as error:
                future.set_result(error)

        self.call_later(self._chance.random() * 0.4, run)
        return future

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Future:
        """Run a coroutine beside all else; the future is done when it is."""
        over = Future(self)

        def step(_: Any = None) -> None:
            try:
                awaited = coroutine.send(None)
            except StopIteration:
                over.set_result(None)
            else:
                awaited.add_done_callback(step)

        self.call_soon(step)
        return over

    def pass_time(self, milliseconds: float) -> None:
        """Timers that are due then are ready."""
        self.now += milliseconds
        while self._timers and self._timers[0][0] <= self.now:
            _, _, callback, arguments = heapq.heappop(self._timers)
            self.call_soon(callback, *arguments)

    def turn(self) -> bool:
        """Run what is ready now, but not what that makes ready; False: there was nothing."""
        ready, self._ready = self._ready, deque()
        for callback, arguments in ready:
            callback(*arguments)
        return bool(ready)
