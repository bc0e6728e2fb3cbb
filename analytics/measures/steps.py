"""What events do to the plain counts that sessions and retention are read from: all at once, or each with its event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analytics.arrays import Bools, Ints, Words

__all__ = ["Cohorts", "Stays", "Steps", "bit", "joined", "no_steps"]


class Steps(NamedTuple):
    """One entry for each count that changes."""

    events: Ints
    """Which event it is, ascending."""
    panes: Ints
    keys: Ints
    counts: Ints
    """Which count changes: its number among the `arrays()` of the measure."""
    amounts: Ints

    def part(self, which: Ints | Bools | slice) -> Steps:
        """Some of them."""
        return Steps(*(column[which] for column in self))


class Stays(NamedTuple):
    """What is to be added to the counts of sessions of some panes and keys."""

    panes: Ints
    keys: Ints
    n: Ints | None
    """None: nothing."""
    ms: Ints
    bounces: Ints

    def part(self, which: Ints) -> Stays:
        """Some of it."""
        n = None if self.n is None else self.n[which]
        return Stays(self.panes[which], self.keys[which], n, self.ms[which], self.bounces[which])

    def steps(self, event: int) -> Steps:
        """The same as what this event did."""
        n = np.zeros(len(self.ms), np.int64) if self.n is None else self.n
        counts, at = np.array([n, self.ms, self.bounces]).nonzero()
        amounts = np.array([n, self.ms, self.bounces])[counts, at]
        return Steps(np.full(len(at), event), self.panes[at], self.keys[at], counts, amounts)


class Cohorts(NamedTuple):
    """Users to be taken into the counts of some panes and keys, or out of them."""

    panes: Ints
    keys: Ints
    returns: Words
    """Bit i: the user came back i periods after the first start."""
    sign: int

    def steps(self, event: int, periods: int) -> Steps:
        """The same as what this event did."""
        which = np.arange(1, periods + 1, dtype=np.uint64)[:, None]
        back = np.ones((1 + periods, len(self.panes)), np.bool_)
        back[1:] = (self.returns >> which) & np.uint64(1) != 0
        counts, at = back.nonzero()
        return Steps(
            np.full(len(at), event), self.panes[at], self.keys[at], counts, np.full(len(at), self.sign, np.int64)
        )


def bit(words: Words, i: int) -> Bools:
    """Where this bit is set."""
    found: Bools = (words >> np.uint64(i)) & np.uint64(1) != 0
    return found


def no_steps() -> Steps:
    """Nothing happens."""
    nothing = np.zeros(0, np.int64)
    return Steps(nothing, nothing, nothing, nothing, nothing)


def joined(parts: Sequence[Steps]) -> Steps:
    """Steps one after the other; there is at least one part."""
    return parts[0] if len(parts) == 1 else Steps(*map(np.concatenate, zip(*parts, strict=True)))
