"""Which windows hold a pane."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.axis import Even
from analytics.geometry import Geometry, Spans, Steps

AXIS = Even(1)


def spans(size: int, hop: int) -> list[tuple[int, int]]:
    """Sliding windows around 0."""
    return [(start, start + size) for start in range(-30 * hop, 30 * hop, hop)]


@pytest.mark.parametrize(
    ("geometry", "windows"),
    [
        (Spans(AXIS, 10, 10), spans(10, 10)),
        (Spans(AXIS, 10, 5), spans(10, 5)),
        (Spans(AXIS, 10, 4), spans(10, 4)),
        (Spans(AXIS, 7, 3), spans(7, 3)),
        (Steps(Even(1, 6)), [(s, e) for s in range(-60, 60, 6) for e in range(s + 1, s + 7)]),
    ],
)
def test_ends_are_those_of_the_windows_that_hold_a_pane(geometry: Geometry, windows: list[tuple[int, int]]) -> None:
    """First and last end agree with a search through all windows, also before the epoch and for arrays."""
    panes = np.arange(-40, 40)
    for pane in panes.tolist():
        holding = [end for start, end in windows if start <= pane < end]
        assert (geometry.first_end(pane), geometry.last_end(pane)) == (min(holding), max(holding))
        assert geometry.end_at_most(pane) == max(end for _, end in windows if end <= pane)
    assert geometry.first_end(panes).tolist() == [geometry.first_end(pane) for pane in panes.tolist()]
    assert geometry.last_end(panes).tolist() == [geometry.last_end(pane) for pane in panes.tolist()]


@pytest.mark.parametrize(("geometry", "windows"), [(Spans(AXIS, 10, 4), spans(10, 4)), (Steps(Even(1, 3)), [])])
def test_an_end_tells_its_start(geometry: Geometry, windows: list[tuple[int, int]]) -> None:
    """The start of a window follows from its end."""
    windows = windows or [(s, e) for s in range(-9, 9, 3) for e in range(s + 1, s + 4)]
    assert [(geometry.start(end), end) for _, end in windows] == windows
