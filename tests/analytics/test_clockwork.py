"""Windows in time: final at the watermark, closed after the grace, and early where there is no room."""

from __future__ import annotations

import numpy as np

from analytics import Batch, KpiSpec
from analytics.clockwork import Clockwork
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.plan import make_plan


def clockwork(*times: int, window: str = "tumbling 1s") -> Clockwork:
    """Windows with a delay of 100 ms and a grace of 2 s that have counted events at these times."""
    plan = make_plan([KpiSpec("k", "count(*)", window, delay="100ms", grace="2s")], {}, 1 << 40)
    made = Clockwork(plan.grids[0])
    batch = Batch(len(times), np.array(times), {}, [("s", len(times))])
    made.cells.apply(Frame(batch, {key: Dictionary() for key in plan.coded}), None)
    return made


def said(made: Clockwork) -> list[tuple[int, int]]:
    """Start and end of the windows that were written down since the last call."""
    return [(block.record.start, block.record.end) for block in made.publisher.take()]


def test_final_at_the_watermark_and_closed_after_the_grace() -> None:
    """Windows are written down in order of their ends; panes are given back when nothing can come into them."""
    made = clockwork(10, 1_500, 2_500)
    assert made.watermark is None
    made.advance_to(1_099)
    assert said(made) == []
    made.advance_to(2_100)
    assert said(made) == [(0, 1_000), (1_000, 2_000)]
    assert list(made.cells.pool) == [0, 1, 2]
    made.advance_to(3_100)
    assert said(made) == [(2_000, 3_000)]
    assert list(made.cells.pool) == [1, 2]
    made.advance_to(500)
    assert made.final_to == 3_000


def test_every_window_that_holds_a_pane_is_final_once() -> None:
    """Of sliding windows too."""
    made = clockwork(10, window="sliding 3s every 1s")
    made.advance_to(1 << 40)
    assert said(made) == [(-2_000, 1_000), (-1_000, 2_000), (0, 3_000)]
    assert len(made.cells.pool) == 0


def test_without_room_the_oldest_pane_is_closed() -> None:
    """Before its time, and counted."""
    made = clockwork(10, 1_500)
    made._make_room()
    assert (made.closed_early, made.floor, said(made)) == (1, 1_000, [(0, 1_000)])
    assert list(made.cells.pool) == [1]
