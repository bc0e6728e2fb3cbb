"""How long a commit group waits for more batches before it begins.

A commit costs the same for one batch as for twenty, so at a moderate rate groups are kept some milliseconds apart, and
what comes meanwhile shares one. Only where that is of use: with many batches at hand, or when the last group began long
enough ago, the next one begins at once; and where waiting has brought nothing, as with a single client that sends one
batch after the ack of the other, it is tried again more and more seldom.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SPACING_S", "Spacing"]

SPACING_S: Final = 0.004
"""From the beginning of a group to that of the next, at least; half of it is what a commit takes anyway."""

ENOUGH: Final = 8
"""Batches that wait for no more."""

_FEWEST: Final = 8
_MOST: Final = 512
"""Groups that begin at once when waiting has brought nothing, for the first time and at most."""


class Spacing:
    """Times are seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._began = -SPACING_S
        # Batches that were there when a wait began; None: the group did not wait.
        self._before: int | None = None
        # How many groups are to begin at once, and how many it will be when a wait brings nothing.
        self._left, self._next = 0, _FEWEST

    def wait(self, now: float, batches: int) -> float:
        """Seconds that a group of so many batches should wait for more; to be asked once for each group."""
        rest = self._began + SPACING_S - now
        if rest <= 0 or batches >= ENOUGH:
            return 0.0
        if self._left:
            self._left -= 1
            return 0.0
        self._before = batches
        return rest

    def begin(self, now: float, batches: int) -> None:
        """A group begins with so many batches."""
        self._began = now
        if self._before is not None:
            if batches > self._before:
                self._next = _FEWEST
            else:
                self._left, self._next = self._next, min(2 * self._next, _MOST)
            self._before = None
