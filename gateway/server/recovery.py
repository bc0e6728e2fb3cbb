"""How the state comes back at a start: the newest snapshot that proves itself, then the log behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

from analytics import Changes
from gateway.core.catchup import catch_up
from gateway.core.fold import Fold
from gateway.core.state import State
from gateway.errors import StorageError
from gateway.store import Damage, EventLog, Keep

__all__ = ["Recovered", "recover"]

WAITING_ROWS: Final = 20_000
"""Rows of KPI history that may wait for the disk meanwhile."""

_log = structlog.get_logger("tidegate")


class Recovered(NamedTuple):
    """What there was: position of the snapshot (0: none), events of the log behind it, and what came of both."""

    snapshot: int
    events: int
    position: int
    """Of the last row that is in the state."""
    state: str
    """The hash of the state then, see `gateway.core.state`."""
    seconds: float


def recover(log: EventLog, fold: Fold, clock: Callable[[], int]) -> Recovered:
    """Bring `fold`, which is empty, to the end of the log.

    A snapshot whose state cannot be taken, or does not have the hashes stored with it, is refused, counted among
    `log.bad_snapshots`, and the one before it taken; without any, the log from its beginning.

    Raises:
        StorageError: the disk cannot be read; or every snapshot was refused and retention took the rows that would
            make up for them. Nothing is changed then: another version may read them.
    """
    started, position, refused = time.monotonic(), 0, ""
    state: State | None = None
    while (stored := log.latest_snapshot()) is not None:
        try:
            state = fold.restore(stored.blobs)
        except ValueError as error:
            refused = f"snapshot at {stored.position}: {error}"
            _log.error("snapshot_refused", position=stored.position, reason=str(error))
            log.refuse_snapshot()
        else:
            position = stored.position
            break
    if stored is None and (trimmed := log.trimmed()):
        if refused:
            raise StorageError(f"{refused}; and the log begins behind {trimmed}")
        log.damage.append(Damage(1, trimmed, "trimmed"))
    events = 0

    def keep(changes: Changes | None = None) -> None:
        if changes is not None:
            fold.chronicle.take(changes)
        for lines in fold.chronicle.hand_over():
            log.keep(Keep(*lines, clock()))
        log.keep_pace(WAITING_ROWS)

    fold.spill(keep)
    for folded in catch_up(fold, (row.payload for row in log.read(position))):
        events += folded
        keep()
    if events or state is None:
        state = fold.state()
    fold.engine.release(clock())
    seconds = round(time.monotonic() - started, 3)
    return Recovered(position, events, log.last_position(), state.hash, seconds)
