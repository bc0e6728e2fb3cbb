"""A batch in order of arrival, where that matters: counted at once as far as it makes no difference.

An event that falls into no final window is counted together with all others of its kind, whatever becomes final between
them: a window that is final by then has no such event. Left are three sorts of moments, which come in order:

* an end that the watermark passes, where there are measures that remember users: their counts are brought up to there;
* an event that falls into a final window;
* in an exact engine, an event that changes a final window through what a user did before.
"""

from __future__ import annotations

import numpy as np

from analytics.aggregates import Trace
from analytics.arrays import Bools, Ints
from analytics.cells import Cells
from analytics.frame import Frame
from analytics.geometry import Geometry

__all__ = ["Arrival"]


class Arrival:
    """Events of a batch for which there is room, being counted.

    Args:
        index: the events, by position in the batch.
        panes: theirs.
        slow: which of them fall into a final window.
    """

    def __init__(self, cells: Cells, frame: Frame, index: Ints, panes: Ints, slow: Bools) -> None:
        self._cells = cells
        self._frame = frame
        self._index = index
        self._keys = cells.keys_of(frame, index)
        self._traces = cells.aggregates.traces(frame, index, panes, self._keys)
        # How many steps of each trace have been taken.
        self._taken = [0] * len(self._traces)
        fast = ~slow
        if fast.any():
            cells.count(frame, index[fast], panes[fast], self._keys[fast])
        # The others, by position, and how many of them have been counted.
        self.slow = index[slow]
        self._slow_panes, self._slow_keys = panes[slow], self._keys[slow]
        self._counted = 0

    def changing(self, geometry: Geometry, final: Ints, closed: Ints) -> Ints:
        """Events that change windows that are final when they come; both bounds are of each event of the batch."""
        found = [self.slow]
        for trace in self._traces:
            steps = trace.steps
            seen = trace.seen[steps.counts]
            seen &= geometry.first_end(steps.panes) <= final[steps.events]
            seen &= geometry.last_end(steps.panes) > closed[steps.events]
            found.append(steps.events[seen])
        return np.concatenate(found)

    def count_before(self, event: int) -> set[int]:
        """Count what came before this event and was not counted yet; the panes that it changed."""
        changed = set[int]()
        stop = int(self.slow.searchsorted(event))
        if stop > self._counted:
            part = slice(self._counted, stop)
            self._cells.count(self._frame, self.slow[part], self._slow_panes[part], self._slow_keys[part])
            changed.update(self._slow_panes[part].tolist())
            self._counted = stop
        for i, trace in enumerate(self._traces):
            start, stop = self._taken[i], int(trace.steps.events.searchsorted(event))
            if stop > start:
                changed.update(self._cells.take(trace, start, stop))
                self._taken[i] = stop
        return changed

    def waiting(self, event: int) -> list[Trace]:
        """Of what came before this event, the steps that are not counted yet."""
        found = []
        for trace, start in zip(self._traces, self._taken, strict=True):
            stop = int(trace.steps.events.searchsorted(event))
            found.append(trace._replace(steps=trace.steps.part(slice(start, stop))))
        return found

    def key(self, event: int) -> Ints:
        """The key of an event."""
        at = int(self._index.searchsorted(event))
        return self._keys[at : at + 1]
