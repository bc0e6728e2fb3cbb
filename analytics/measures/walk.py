"""How each event of a batch goes on with the newest session of its user, in order of arrival, for all users at once.

Per user a running maximum of event times tells where one session ends and the next one begins. That is all there is to
most users: each event comes after the start of the session that is under way. A user with one that does not is odd, and
left to those who look at events one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.bygone import NEVER, Spans
from analytics.measures.steps import Steps
from analytics.roster import Roster

__all__ = ["Walk"]

WIDEST: Final = 1 << 62
N, MS, BOUNCES = range(3)
"""The numbers of the counts of `Sessions`."""


class Walk(NamedTuple):
    """Events by user and arrival; all columns are in this order."""

    rows: Ints
    times: Ints
    heads: Ints
    """Positions of the first event of each user."""
    group: Ints
    """Which user it is, 0, 1, .."""
    opens: Bools
    """Whether it begins a session."""
    since: Ints
    """Position of the event that began its session, or of the user's first one where the session was there before."""
    before: Ints
    """The last time of the user before it, as far as it is no longer ago than a session lasts."""
    odd: Bools
    """The user is odd."""

    @classmethod
    def along(cls, rows: Ints, times: Ints, users: Mapping[str, Ints], gap: int) -> Walk | None:
        """None: the times lie too far apart to be told apart by one number each."""
        n = len(rows)
        first = np.ones(n, np.bool_)
        first[1:] = rows[1:] != rows[:-1]
        heads = first.nonzero()[0]
        group = first.cumsum() - 1
        lasts = users["last"][rows[heads]]
        base = int(times.min()) - gap - 1
        width = max(int(times.max()), int(lasts.max())) - base + 1
        if width >= WIDEST // n:
            return None
        shift = group * width - base
        marks = times + shift
        prior = np.empty(n, np.int64)
        prior[1:] = marks[:-1]
        prior[heads] = np.maximum(lasts, base) + shift[heads]
        before = np.maximum.accumulate(prior)
        opens = marks - before > gap
        since = np.maximum.accumulate(np.where(opens | first, np.arange(n), 0))
        starts = np.where(opens[since], times[since], users["start"][rows])
        odd = np.zeros(len(heads), np.bool_)
        odd[group[~opens & (times < starts)]] = True
        return cls(rows, times, heads, group, opens, since, before - shift, odd[group])

    def steps(self, panes: Ints, users: Roster) -> Steps:
        """What these events do to the counts; `panes` are theirs. Those of odd users do nothing."""
        columns = users.columns
        number = np.arange(len(self.rows))
        fresh = self.opens[self.since]
        single = ~self.opens & np.where(
            fresh, number - self.since == 1, (number == self.since) & (columns["several"][self.rows] == 0)
        )
        longer = np.where(self.opens, 0, np.maximum(self.times - self.before, 0))
        counted = ~self.odd
        opens, single, later = ((counted & which).nonzero()[0] for which in (self.opens, single, longer > 0))
        where = np.where(fresh, panes[self.since], columns["pane"][self.rows])
        events = np.concatenate([opens, opens, later, single])
        sizes = (len(opens), len(opens), len(later), len(single))
        amounts = np.repeat((1, 1, 0, -1), sizes)
        amounts[2 * len(opens) : 2 * len(opens) + len(later)] = longer[later]
        counts = np.repeat((N, BOUNCES, MS, BOUNCES), sizes)
        order = events.argsort(kind="stable")
        return Steps(events, where[events], users.keys[self.rows[events]], counts, amounts).part(order)

    def spans(self, panes: Ints, columns: Mapping[str, Ints]) -> Spans:
        """The sessions that the users have then, those of a user one after the other, without odd users."""
        # Whatever began before, and what begins here.
        ends = np.append(self.opens[1:] | (self.group[1:] != self.group[:-1]), True).nonzero()[0]
        begun = self.since[ends]
        lasts = np.maximum(self.times, self.before)[ends]
        fresh = self.opens[begun]
        rows = self.rows[ends]
        several = np.where(fresh, ends > begun, True)
        made = Spans(
            rows,
            np.where(fresh, self.times[begun], columns["start"][rows]),
            lasts,
            np.where(fresh, panes[begun], columns["pane"][rows]),
            several.astype(np.int64),
        )
        # Of users whose first event began a session, the one before it is as it was.
        left = self.heads[self.opens[self.heads] & (columns["last"][self.rows[self.heads]] > NEVER)]
        known = self.rows[left]
        kept = Spans(known, *(columns[name][known] for name in ("start", "last", "pane", "several")))
        groups = np.concatenate([self.group[left], self.group[ends]])
        counted = np.concatenate([~self.odd[left], ~self.odd[ends]])
        order = groups.argsort(kind="stable")
        order = order[counted[order]]
        return Spans(*(np.concatenate(pair)[order] for pair in zip(kept, made, strict=True)))
