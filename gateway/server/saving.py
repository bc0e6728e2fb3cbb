"""When the state is stored: copied between two groups, encoded in one thread, written in another.

The loop pays for the copy alone, in as many turns as that takes. What is stored is the state at the copy, with the log
position that belongs to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from gateway.core.fold import Fold
from gateway.core.state import State
from gateway.server.metrics import Metrics
from gateway.store import Committed, EventLog, Failed, Keep

__all__ = ["Saving"]


class Saving:
    """One snapshot at a time. All calls come from `loop`.

    Args:
        period_ms: the least time between two snapshots.
        now: wall time, from which the first period counts.
        over: called after each snapshot, stored or not.
        steady: the wall time, to the time that old rows are deleted by.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        log: EventLog,
        metrics: Metrics,
        period_ms: int,
        now: int,
        over: Callable[[], None],
        steady: Callable[[int], int] = lambda now: now,
    ) -> None:
        # A snapshot is under way.
        self.busy = False
        self._loop = loop
        self._log = log
        self._metrics = metrics
        self._period_ms = period_ms
        self._over = over
        self._steady = steady
        # When the last one began, and what the last one that is stored stands for.
        self._began = now
        self._position = log.last_position()
        # Position and hash of the newest state that is on disk, as `/v1/status` shows them; None: not known yet.
        self.state: tuple[int, str] | None = None

    def due(self, now: int) -> bool:
        """Whether it is time for the next one."""
        return now - self._began >= self._period_ms and not self.busy

    def begin(self, fold: Fold, position: int, now: int) -> Iterator[None]:
        """Store the state, which must have the effect of every row up to `position` and of none behind it: in steps,
        between which no group may be admitted or applied.

        Nothing is done when the log has not grown since the last one.
        """
        self._began = now
        self.keep(fold, now)
        if position <= self._position:
            return
        self.busy = True
        make = yield from fold.freezing()
        # Rows that were told between the steps will not be said again by what was copied behind them.
        self.keep(fold, now)
        encoding = self._loop.run_in_executor(None, make)
        encoding.add_done_callback(lambda encoding: self._encoded(position, now, encoding))

    def keep(self, fold: Fold, now: int) -> None:
        """Hand rows of windows that are over to the store: those that a snapshot would not say again come before it."""
        for lines in fold.chronicle.hand_over():
            self._log.keep(Keep(*lines, self._steady(now)))

    def _encoded(self, position: int, now: int, encoding: asyncio.Future[dict[str, bytes]]) -> None:
        try:
            blobs = encoding.result()
            state = position, State.from_bytes(blobs["state"]).hash
            self._log.snapshot(position, blobs, self._steady(now), lambda result: self._written(state, result))
        except BaseException:
            self._end(stored=False)
            raise

    def _written(self, state: tuple[int, str], result: Committed | Failed) -> None:
        """Called in the writer thread."""
        self._loop.call_soon_threadsafe(self._kept, state, result)

    def _kept(self, state: tuple[int, str], result: Committed | Failed) -> None:
        if isinstance(result, Committed):
            self._position, self.state = state[0], state
        self._end(stored=isinstance(result, Committed))

    def _end(self, *, stored: bool) -> None:
        self.busy = False
        if not stored:
            # The older snapshot stands and the log is whole: a longer replay, no loss. A dead disk shows at appends.
            self._metrics.snapshot_failed()
        self._over()
