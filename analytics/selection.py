"""Which events of a batch an aggregate takes, and with what value: worked out once a batch, whoever asks."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from analytics.aggregation import NUMBERS, Aggregation
from analytics.arrays import Bools, Ints, Numbers, Visits, selected
from analytics.dictionary import NULL
from analytics.expression import Column
from analytics.frame import Coded, Frame
from analytics.measures import MEASURES

__all__ = ["USER", "Selection", "select"]

USER: Final = "distinct_id"
"""The column that says whose event it is."""


class Selection(NamedTuple):
    """Events by position, None for all of them, and their values in step: None, `Numbers`, `Coded` or `Visits`."""

    events: Ints | None
    values: Any

    def within(self, mask: Bools) -> Selection:
        """Only the events where the mask is true."""
        if self.events is None:
            kept = mask.nonzero()[0]
            return Selection(kept, _part(self.values, kept))
        chosen = mask[self.events].nonzero()[0]
        return Selection(self.events[chosen], _part(self.values, chosen))

    def among(self, events: Ints) -> tuple[Selection, Ints | None]:
        """Only those of these events, which are ascending, and their places among them, None for all.

        Cost: a search for each of `events`, however many events were selected.
        """
        if self.events is None:
            return Selection(events, _part(self.values, events)), None
        at = self.events.searchsorted(events)
        found = (at < len(self.events)).nonzero()[0]
        found = found[self.events[at[found]] == events[found]]
        return Selection(events[found], _part(self.values, at[found])), found


def select(frame: Frame, aggregate: Aggregation, key: str) -> Selection:
    """The events where the filter is true and the argument is not null. `key` is the key of the aggregate."""
    return frame.keep(key, lambda: _select(frame, aggregate))


def _select(frame: Frame, aggregate: Aggregation) -> Selection:
    where, argument = aggregate.where, aggregate.argument
    index = None if where is None else frame.keep(("index", where.key), lambda: where.true(frame).nonzero()[0])
    takes = MEASURES[aggregate.measure].takes
    if takes == "visits":
        return _visits(frame, aggregate, index)
    if argument is None:
        return Selection(index, None)
    if takes == "number" or (takes == "nothing" and aggregate.parameter == NUMBERS):
        numbers = argument.number(frame)
        index = _both(index, numbers.valid)
        return Selection(index, _part(numbers, index) if takes == "number" else None)
    if takes == "nothing":
        return Selection(_both(index, argument.present(frame)), None)
    coded = argument.coded(frame)
    index = _both(index, coded.codes != NULL)
    return Selection(index, _part(coded, index))


def _visits(frame: Frame, aggregate: Aggregation, index: Ints | None) -> Selection:
    """Events of known users; where there are conditions, those that meet one, or all if order is looked at strictly."""
    users = Column(USER).coded(frame)
    index = _both(index, users.codes != NULL)
    marks = np.zeros(frame.n, np.int64)
    for bit, condition in enumerate(aggregate.conditions):
        marks |= condition.true(frame).astype(np.int64) << bit
    if aggregate.conditions and not MEASURES[aggregate.measure].takes_unmarked(aggregate.parameter):
        index = _both(index, marks != 0)
    codes = selected(users.codes, index)
    return Selection(
        index, Visits(users.dictionary.hashes(codes), selected(frame.timestamp, index), selected(marks, index))
    )


def _both(index: Ints | None, mask: Bools | None) -> Ints | None:
    if mask is None:
        return index
    if index is None:
        return None if mask.all() else mask.nonzero()[0]
    chosen = mask[index]
    return index if chosen.all() else index[chosen]


def _part(values: Any, index: Ints | None) -> Any:
    if index is None:
        return values
    if isinstance(values, Coded):
        return Coded(values.codes[index], values.dictionary)
    if isinstance(values, Visits):
        return Visits(values.users[index], values.times[index], values.marks[index])
    if isinstance(values, Numbers):
        return Numbers(values.values[index], None, None if values.low is None else values.low[index])
    return None
