"""The end of a stream in pieces: nothing comes any more, and windows become final in the order of their ends.

At once, a day's windows of every second would all be in memory together, and their rows with them. So what waits is
handed out whenever it is as much as may wait. Rows of all windows are in the order of their ends, which is the order in
which those become final here; so the pieces together are what all of it is at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heapreplace

from analytics.grid import Grid
from analytics.outlet import MOST, Outlet
from analytics.row import Changes
from analytics.windowing import Windowing, changes_of

__all__ = ["ending"]


def ending(grids: Sequence[Windowing], outlet: Outlet) -> Iterator[Changes]:
    """Make all windows of exact grids final; what becomes final with one end is in one piece.

    Sessions end one by one: those that end before windows do come with these, else about a thousand at a time.
    """
    sessions = [grid for grid in grids if not isinstance(grid, Grid)]
    ends = [(end, i) for i, grid in enumerate(grids) if isinstance(grid, Grid) and (end := grid.ending()) is not None]
    heapify(ends)
    while ends:
        reached = ends[0][0]
        while ends and ends[0][0] == reached:
            number = ends[0][1]
            grids[number].finish_to(reached)
            later = grids[number].ending()
            if later is None:
                heappop(ends)
            else:
                heapreplace(ends, (later, number))
        if outlet.bytes >= MOST or not ends:
            yield _piece(grids, sessions, reached)
    while some := [end for grid in sessions if (end := grid.ending()) is not None]:
        yield _piece(grids, sessions, min(some))


def _piece(grids: Sequence[Windowing], sessions: Sequence[Windowing], end: int) -> Changes:
    """All that became final with windows that end by then; the sessions are not yet."""
    for grid in sessions:
        grid.finish_to(end)
    for grid in grids:
        grid.trim()
    return changes_of(grids, due=False)
