"""The cyclic garbage collector, set for a process that makes many objects and few cycles: a server, or a replay."""

from __future__ import annotations

import gc

__all__ = ["Garbage"]

THRESHOLDS = (5_000, 50, 50)
"""Python's own (700, 10, 10) look through the young objects with every batch or two. Nearly all of what a batch leaves
goes by its reference counts, so fewer looks free as much. Ingest measured 313 k events/s before, 321 k at 20,000; but
when a thousand viewers come, and all that is young stays, that many take 12 ms to look through, and these 4."""


class Garbage:
    """One setting for the whole process: settle it once the server is built, restore it when that has stopped."""

    def __init__(self) -> None:
        self._before = gc.get_threshold()

    def settle(self) -> None:
        """Collect what the start left, then exempt what is there: what lives until the end is not looked at again."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)

    def restore(self) -> None:
        """As it was before; what was exempt may be collected again."""
        gc.set_threshold(*self._before)
        gc.unfreeze()
