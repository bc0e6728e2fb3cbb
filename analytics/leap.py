"""Leaps of time in pieces: over a gap in a recording, say, or to the end of one.

At once, a day's windows of every second would all be in memory together, and their rows with them. So they become final
in the order of their ends, and what waits is handed out whenever it is as much as may wait. All rows that one event
brings are in the order of their ends; so the pieces together are what all of it is at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heapreplace

import numpy as np

from analytics.arrays import Floats
from analytics.batch import Batch
from analytics.grid import Grid
from analytics.outlet import MOST, Outlet
from analytics.row import Changes
from analytics.time import BEGINNING, Rise
from analytics.windowing import Windowing, changes_of

__all__ = ["in_pieces", "leaps", "reaching"]


def in_pieces(
    batch: Batch,
    was: int,
    rise: Rise,
    grids: Sequence[Windowing],
    outlet: Outlet,
    take: Callable[[Batch, Rise], object],
) -> Iterator[Changes]:
    """Let exact grids `take` a batch, and give the rows that it brings; `was` is what the base was before."""
    n, start, found = batch.n, 0, leaps(grids, was, rise, batch.n)
    parts = batch.cut([place for leap in found if leap >= 0 for place in (leap, leap + 1)])
    for leap in found:
        if leap >= 0:
            if (part := next(parts)).n:
                take(part, rise.part(n, start, leap))
                yield changes_of(grids)
            take(next(parts), rise.held(n, leap))
        start = leap + 1
        base = int(rise.at(n)[start]) if start < n else rise.after
        yield from reaching(grids, outlet, base, rise.first + leap)
        for grid in grids:
            grid.advance_to(base)
        yield changes_of(grids)
    if (part := next(parts)).n:
        take(part, rise.part(n, start, n) if found else rise)
        yield changes_of(grids)


def leaps(grids: Sequence[Windowing], was: int, rise: Rise, n: int) -> list[int]:
    """Positions of the events, of `n`, with which as much becomes final as may wait since the one before; ascending.

    -1 stands for what made the base rise from what it `was` before they came.
    """
    parts = n + 1
    # No distribution of the rise over the events gives more than an even one.
    if was != BEGINNING and parts * _weight(grids, np.array([(rise.after - was) / parts]))[0] < MOST:
        return []
    bases = np.concatenate(([was], rise.at(n), [rise.after]))
    rises = np.where(bases[:-1] == BEGINNING, 0, np.diff(bases)).astype(np.float64)
    pieces = np.floor(np.cumsum(_weight(grids, rises)) / MOST)
    found: list[int] = (np.diff(pieces, prepend=0).nonzero()[0] - 1).tolist()
    return found


def _weight(grids: Sequence[Windowing], rises: Floats) -> Floats:
    return sum((grid.weight(rises) for grid in grids), np.zeros(len(rises)))


def reaching(grids: Sequence[Windowing], outlet: Outlet, base: int, event: int) -> Iterator[Changes]:
    """Let the base come to where this event lifted it: all windows of exact grids that are final then become so. What
    becomes final with one end is in one piece; what is left, and closing windows, is up to the caller.

    Sessions end one by one: those that end before windows do come with these, else about a thousand at a time.
    """
    # What the event itself brought is in order with the rest.
    latest = outlet.latest
    sessions = [grid for grid in grids if not isinstance(grid, Grid)]
    ends = [
        (end, i) for i, grid in enumerate(grids) if isinstance(grid, Grid) and (end := grid.ending(base)) is not None
    ]
    heapify(ends)
    while ends:
        reached = ends[0][0]
        while ends and ends[0][0] == reached:
            number = ends[0][1]
            grids[number].finish_to(reached, base, event)
            later = grids[number].ending(base)
            if later is None:
                heappop(ends)
            else:
                heapreplace(ends, (later, number))
        full = outlet.bytes >= MOST and reached >= latest
        if full or not ends:
            _finish(sessions, reached, base, event)
        if full:
            yield _piece(grids, base)
    while some := [end for grid in sessions if (end := grid.ending(base)) is not None]:
        reached = min(some)
        _finish(sessions, reached, base, event)
        if reached >= latest:
            yield _piece(grids, base)


def _finish(sessions: Sequence[Windowing], end: int, base: int, event: int) -> None:
    """Those that end with the windows, or before."""
    for grid in sessions:
        grid.finish_to(end, base, event)


def _piece(grids: Sequence[Windowing], base: int) -> Changes:
    for grid in grids:
        grid.trim(base)
    return changes_of(grids, due=False)
