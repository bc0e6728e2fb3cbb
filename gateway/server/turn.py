"""How long the turn of the loop that is under way has been held, so that large work is spread over several of them.

Work that can be large is done in steps of a few milliseconds each, and a step begins only while its turn is young:
what happens to fall due in one turn (a commit group, a tick, a snapshot's copy) then shares it instead of adding up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

__all__ = ["TURN_S", "Turn"]

TURN_S: Final = 0.004
"""A turn that has been held for so long begins no further step. With one step more, and what the sockets bring, it is
well below the 20 ms that nothing may hold the loop."""


class Turn:
    """One for each loop; who does large work says so, and asks. `clock` gives seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] | None = None) -> None:
        self._loop = loop
        self._clock = clock or loop.time
        # When work began in this turn; None: there was none.
        self._began: float | None = None

    def begin(self) -> None:
        """Work begins: from the first that says so, the turn is counted."""
        if self._began is None:
            self._began = self._clock()
            self._loop.call_soon(self._over)

    @property
    def spent(self) -> bool:
        """Whether this turn has been held long enough."""
        return self._began is not None and self._clock() - self._began >= TURN_S

    def _over(self) -> None:
        self._began = None

    def go(self, steps: Iterator[None]) -> None:
        """Take these steps: now as far as the turn has room, then at least one in each turn that follows.

        An error in a step ends them; it is raised where that step runs, in a later turn to the loop's own handler.
        """
        if self.spent:
            self._loop.call_soon(self._go_on, steps)
        else:
            self._go_on(steps)

    def _go_on(self, steps: Iterator[None]) -> None:
        self.begin()
        for _ in steps:
            if self.spent:
                self._loop.call_soon(self._go_on, steps)
                return

    async def walk(self, steps: Iterator[None]) -> None:
        """The same for who waits until all of them are taken."""
        self.begin()
        for _ in steps:
            if self.spent:
                await asyncio.sleep(0)
                self.begin()
