"""When the latest chain that reached a step of a funnel began, for many users at once, in the default mode.

A chain that began later is in time for longer and lies in every window in which an earlier one lies. So of all chains
that got as far as a step only the latest matters, and how far a user got in any window that goes on until now follows
from when those began: a step was reached in it if the latest chain that reached the step began in it.

A first step begins a chain; step k goes on with the latest chain that reached step k - 1, if that is no older than
`within`. It can only get later. So with the events of all users in a row, step by step, it is a running maximum of
positions, cut at each user's first event.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from analytics.arrays import Ints
from analytics.chains import Entries

__all__ = ["NEVER", "Began", "latest_starts"]

NEVER: Final = np.iinfo(np.int64).min


class Began(NamedTuple):
    """What began the latest chains, one row for each that was asked for, one column for each step."""

    entries: Ints
    """The entry that began it, or -1."""
    carried: Ints
    """Where that is -1: which of the chains it is that were there before the first entry, by step."""

    def of(self, entries: Ints, carried: Ints) -> Ints:
        """For each a number of the entry that began the chain, or, row by row, of the one that was carried along."""
        rows = np.arange(len(self.carried))[:, None]
        if not len(entries):
            return carried[rows, self.carried]
        found: Ints = np.where(self.entries >= 0, entries[self.entries], carried[rows, self.carried])
        return found


def latest_starts(found: Entries, carried: Ints, within: int, groups: Ints, ends: Ints) -> Began:
    """After the first `ends[i]` entries, for the user `groups[i]` whose entries are the last ones before, or who has
    none.

    The groups of `found` are rows of `carried`: when the chains began that reached each step before, or NEVER.
    Cost: a few passes over the entries for each step, however they are spread over users.
    """
    steps = carried.shape[1]
    # A chain as one number that rises with its start: of the entry that began it, or the user's first entry and below
    # that which one it is of those that were there before.
    unit = steps + 1
    own = np.arange(len(found.groups)) * unit
    heads = np.searchsorted(found.groups, np.arange(len(carried))) * unit
    run = np.maximum.accumulate(np.where(found.steps == 0, own + steps, -1))
    runs = [run]
    for step in range(1, steps):
        at = (found.steps == step).nonzero()[0]
        code, who = run[at], found.groups[at]
        low = heads[who]
        code = np.where(code >= low, code, low + (steps - step))
        entry = code // unit
        rest = code - entry * unit
        began = np.where(rest == steps, found.times[entry], carried[who, steps - 1 - rest])
        in_time = found.times[at] <= began + within
        reached = np.full(len(own), -1)
        reached[at[in_time]] = code[in_time]
        run = np.maximum.accumulate(reached)
        runs.append(run)
    codes = np.empty((len(groups), steps), np.int64)
    some = ends > 0
    for step, run in enumerate(runs):
        code = np.where(some, run[ends - 1], -1) if len(run) else np.full(len(groups), -1)
        codes[:, step] = np.where(code >= heads[groups], code, heads[groups] + (steps - 1 - step))
    entry = codes // unit
    rest = codes - entry * unit
    return Began(np.where(rest == steps, entry, -1), np.where(rest == steps, 0, steps - 1 - rest))
