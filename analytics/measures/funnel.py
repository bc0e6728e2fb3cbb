"""`funnel(step1, step2, ..)`: how many users got how far within a window, as ClickHouse's `windowFunnel` judges it.

The events that meet a step are kept, see `visited.py`, so that one which arrives late takes its place among them: any
order, split and merge gives the same value. How far each user got is kept as well, and goes on with new events: from
pane to pane in the default mode, see `rising.py`, else in each pane, see `searching.py`; then a window of several panes
is judged anew for users with a change, see `judged.py`.

In the default mode no level that was reached in a pane is lost by events that are dropped for lack of room.

Value, as JSON text: `{"steps": [n1, n2, ..]}`, the users that reached each step; with `times => TRUE` also
`"seconds": [null, m2, ..]`, the median time since the step before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.aggregation import FunnelSetting
from analytics.arrays import Floats, Ints, Reading
from analytics.chains import entries, medians, reach
from analytics.columns import ordered
from analytics.journal import LONG_AGO, Rows, group_of
from analytics.measures.measure import Arrays
from analytics.measures.rising import PIECE, Rising
from analytics.measures.searching import renumbered
from analytics.measures.visited import Visited

__all__ = ["Funnel"]

COUNT_BYTES: Final = 7
"""Of how many reached a step: six digits, there are no more users than that."""
SECONDS_BYTES: Final = 24
"""Of the time that it took."""


class Funnel(Visited):
    """Users by the step they reached.

    >>> shop = Funnel(slots=1, keys=1, parameter=FunnelSetting(steps=2, within=1_000))
    >>> shop.open(0, 7)
    >>> from analytics.arrays import Visits
    >>> ann, bob = 1, 2
    >>> users = np.array([ann, ann, bob], np.uint64)
    >>> shop.add(np.zeros(3, int), Visits(users, np.array([100, 900, 500]), np.array([0b01, 0b10, 0b01])))
    >>> shop.read(np.array([0]), np.array([0])).values[0]
    b'{"steps":[2,1]}'
    """

    @classmethod
    def value_bytes(cls, parameter: FunnelSetting) -> int:
        return 46 + COUNT_BYTES * parameter.steps + (16 + SECONDS_BYTES * parameter.steps) * parameter.times

    def read(self, slots: Ints, keys: Ints) -> Reading:
        self._settle()
        seconds = None
        if self._setting.times:
            users, seconds = self._judged(slots, keys)
            reached = _cumulated(users)
        elif len(slots) == 1 and self._users is not None:
            users = self._users.reshape(self.slots, self.keys, self._setting.steps + 1)[slots[0], keys]
            reached = _cumulated(users)
        else:
            reached = self._of_several(slots)[keys]
        values, said = np.empty(len(keys), object), _Texts(self._setting.steps)
        if seconds is None:
            values[:] = list(map(said.__getitem__, map(tuple, reached.tolist())))
            return Reading(values, error=self._shortfall(slots, keys))
        for i, (counts, took) in enumerate(zip(reached.tolist(), seconds.tolist(), strict=True)):
            text = ",".join("null" if s != s else repr(s) for s in took)
            values[i] = b'%b,"seconds":[%b]}' % (said[tuple(counts)][:-1], text.encode())
        return Reading(values, error=self._shortfall(slots, keys))

    def _of_several(self, slots: Ints) -> Ints:
        """Users of each key that reached each step in a window of these panes."""
        panes = self._pane_of[slots]
        first, last = int(panes.min()), int(panes.max())
        if self._judged_lately is not None:
            return _cumulated(self._judged_lately.counts(first, last, self._in_slots(slots)))
        assert isinstance(self._levels, Rising), "who cannot lose a level is not judged again"
        self._users = None
        return self._levels.counts(first, last, self._pane_of)

    def _judged(self, slots: Ints, keys: Ints) -> tuple[Ints, Floats]:
        """Users of each key by level, and median seconds of each step, over all events of these panes."""
        place = np.full(self.keys, -1, np.int64)
        place[keys] = np.arange(len(keys))
        journal, steps = self._journal, self._setting.steps
        at = np.where(self._in_slots(slots), place[journal.cells % self.keys], -1)
        counts = np.zeros((len(keys), steps + 1), np.int64)
        # Some users at a time: all at once take several times the memory of their events.
        pieces = 1 + np.count_nonzero((at >= 0)[journal.rows.groups]) * steps // PIECE
        piece = (journal.users >> np.uint64(32)) % np.uint64(pieces)
        of, took = [np.zeros(0, np.int64)], [np.zeros((0, steps))]
        for number in range(pieces):
            rows = journal.of_groups((at >= 0) & (piece == number))
            whose = at[rows.groups]
            groups, firsts = group_of(whose, journal.users[rows.groups])
            reached = reach(entries(groups, rows.times, rows.marks, self._setting), len(firsts), self._setting)
            whose = whose[firsts]
            np.add.at(counts, (whose, reached.levels), 1)
            assert reached.seconds is not None, "they are asked for"
            timed = reached.levels > 1
            of.append(whose[timed])
            took.append(reached.seconds[timed])
        return counts, medians(np.concatenate(of), np.concatenate(took), len(keys))

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        return self.freeze(slots, keys)()

    def freeze(self, slots: Ints, keys: Ints) -> Callable[[], Arrays]:  # noqa: ARG002  only events that exist are kept
        self._settle()
        journal = self._journal
        place = np.full(self.slots + 1, -1, np.int64)
        place[slots] = np.arange(len(slots))
        places = place[self._slot_cells(journal.cells) // self.keys]
        cells = places * self.keys + journal.cells % self.keys
        levels, latest, share = self._levels.levels.copy(), journal.latest.copy(), self._room.share
        users, rows = journal.users, journal.rows  # which nothing is written to any more
        short = np.zeros(0, np.int64)
        if self._short is not None:
            short = self._short.reshape(self.slots, self.keys)[slots].ravel().nonzero()[0]

        def make() -> Arrays:
            groups = (places >= 0).nonzero()[0]
            groups = groups[np.lexsort((users[groups], cells[groups]))]
            going = np.ones(len(groups), np.bool_) if self._through is None else levels[groups] < self._through
            number = np.full(len(cells), -1, np.int64)
            number[groups[going]] = going.nonzero()[0]
            kept = rows.part(number[rows.groups] >= 0)
            kept = self._room.without_needless(kept._replace(groups=number[kept.groups]), len(groups))
            order = ordered(kept.groups, kept.times, kept.marks)
            return {
                "cells": cells[groups],
                "users": users[groups],
                "levels": levels[groups],
                "latest": np.where(going, latest[groups], LONG_AGO),
                "owners": kept.groups[order],
                "times": kept.times[order],
                "marks": kept.marks[order],
                "share": np.array([share]),
                "short": short,
            }

        return make

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:  # noqa: ARG002
        self._room.share = min(self._room.share, int(state["share"][0]))
        if "short" in state:  # not in snapshots from before it was told
            self._mark_short(self._placed(slots, state["short"]))
        if len(state["cells"]):
            cells = self._pane_cells(self._placed(slots, state["cells"]))
            rows = Rows(state["owners"], state["times"], state["marks"])
            self._take_over(cells, state["users"], state["levels"], state["latest"], rows)

    @classmethod
    def renumbered(cls, state: Arrays, order: Ints, numbers: Ints) -> Arrays:
        groups = numbers[state["cells"]].argsort(kind="stable")
        owners = renumbered(state["owners"], groups, len(groups))
        rows = owners.argsort(kind="stable")
        made = super().renumbered(state, order, numbers) | {"owners": owners[rows]}
        return made | {name: state[name][rows] for name in ("times", "marks")}


class _Texts(dict[tuple[int, ...], bytes]):
    """What is said of so many users at each step: many keys have the same."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._form = b'{"steps":[' + b",".join([b"%d"] * steps) + b"]}"

    def __missing__(self, reached: tuple[int, ...]) -> bytes:
        text = self[reached] = self._form % reached
        return text


def _cumulated(users: Ints) -> Ints:
    """Users that reached each step, of users by level."""
    reached: Ints = users[:, :0:-1].cumsum(axis=1)[:, ::-1]
    return reached
