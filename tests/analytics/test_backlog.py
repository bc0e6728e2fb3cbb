"""Batches that wait: what may, and that it changes nothing but the time it takes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec
from analytics import backlog as backlogs
from analytics.arrays import Bools
from analytics.backlog import LARGEST, MOST, Backlog, Patience, Waiting
from analytics.frame import Frame
from analytics.time import Rise
from analytics.windowing import Taken
from tests.analytics.counted import Counted
from tests.analytics.streams import STREAMS, Stream, batch, pieces

SPECS = [
    KpiSpec("by", "sum(price)", "tumbling 1s", by=("country",), delay="2s", grace="3s"),
    KpiSpec("wide", "uniq(distinct_id) FILTER (WHERE event = 'buy')", "tumbling 20s", delay="0s", grace="0s"),
    KpiSpec("slides", "avg(price)", "sliding 10s every 5s", where="page = '/'", delay="1s", grace="5s"),
    KpiSpec("day", "count(*)", "cumulative 1m every 10s", delay="0s", grace="0s"),
    KpiSpec("steps", "funnel(event = 'view', event = 'buy', within => '5s')", "tumbling 10s", delay="5s", grace="0s"),
]
VISITS = [
    KpiSpec("visits", "max(price)", "session 4s", delay="1s", grace="2s"),
    *(
        KpiSpec(f"visits{i}", value, "session 4s", by=("country",), max_keys=20, delay="1s", grace="2s")
        for i, value in enumerate(
            (
                "sum(price)",
                "uniq(distinct_id)",
                "quantile(price, 0.5)",
                "top(page, 2)",
                "funnel(event = 'view', event = 'buy', within => '5s')",
            )
        )
    ),
    *SPECS,
]
CUTS = st.lists(st.integers(1, 59), max_size=12)


class Windows:
    """Takes everything down."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.taken: list[tuple[list[int], list[bool] | None, int, tuple[int, int]]] = []

    def patience(self, base: int) -> Patience:
        """What it was made with."""
        return self._patience

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """Note a batch."""
        times = frame.timestamp.tolist()
        self.taken.append((times, None if live is None else live.tolist(), rise.after, span))
        return Taken(live, None)


def waiting(*times: int, after: int = 0, live: Sequence[bool] | None = None) -> Waiting:
    """A batch of events at these times."""
    made = Batch(len(times), np.array(times, np.int64), {}, [("s", len(times))])
    marks = None if live is None else np.array(live)
    return Waiting(Frame(made, {}), marks, Rise(0, after), (min(times), max(times)))


def test_batches_are_counted_as_one() -> None:
    """In their order, with the base and the span of all of them, and whatever was left out of each."""
    windows = Windows(Patience(0, 100, 100))
    backlog = Backlog([windows])
    assert backlog.takes(waiting(5, 3, after=5))
    assert backlog.takes(waiting(9, 1, after=9, live=[True, False]))
    assert windows.taken == []
    backlog.count()
    assert windows.taken == [([5, 3, 9, 1], [True, True, True, False], 9, (1, 9))]
    backlog.count()
    assert len(windows.taken) == 1


def test_what_would_be_late_or_let_a_window_end_does_not_wait() -> None:
    """What spans too much together with those that wait does so when they are counted; without windows nothing does."""
    windows = Windows(Patience(10, 100, 20))
    backlog = Backlog([Windows(Patience(0, 50, 1_000)), windows])
    assert not backlog.takes(waiting(9))
    assert not backlog.takes(waiting(15, after=50))
    assert backlog.takes(waiting(15, 30))
    assert backlog.takes(waiting(35, after=49))
    assert windows.taken == []
    assert backlog.takes(waiting(36))
    assert [times for times, *_ in windows.taken] == [[15, 30, 35]]
    assert not backlog.takes(waiting(9))
    assert [times for times, *_ in windows.taken] == [[15, 30, 35], [36]]
    assert not Backlog([]).takes(waiting(1))


def test_what_is_behind_the_base_or_finds_no_room_does_not_wait() -> None:
    """Each batch by itself: what waits already has been judged when it came."""
    windows = Windows(Patience(0, 100, 100, 10, 3))
    backlog = Backlog([windows, Windows(Patience(0, 100, 100))])
    assert not backlog.takes(waiting(20, 10, after=20))
    assert backlog.takes(waiting(20, 11, after=20))
    assert backlog.takes(waiting(40, after=40))
    assert windows.taken == []
    assert backlog.takes(waiting(41, after=41))
    assert [times for times, *_ in windows.taken] == [[20, 11, 40]]
    assert not backlog.takes(waiting(42, 43, 44, 45, after=45))
    assert [times for times, *_ in windows.taken] == [[20, 11, 40], [41]]


def test_they_do_not_become_too_many() -> None:
    """A backlog says when it is to be counted."""
    backlog, full = Backlog([Windows(Patience(0, 100, 100))]), list[bool]()
    for size in (LARGEST - 1, 1):
        assert backlog.takes(waiting(*[1] * size))
        full.append(backlog.full)
    backlog.count()
    assert [*full, backlog.full] == [False, True, False]
    for _ in range(MOST):  # however small they are
        assert not backlog.full
        assert backlog.takes(waiting(1))
    assert backlog.full


def test_they_are_counted_in_steps() -> None:
    """By one of the windows after the other; whoever counts meanwhile takes the steps that are left."""
    first, second = Windows(Patience(0, 100, 100)), Windows(Patience(0, 100, 100))
    backlog = Backlog([first, second])
    assert list(backlog.counting()) == []
    backlog.takes(waiting(1))
    steps, others = backlog.counting(), backlog.counting()
    next(steps)
    assert [len(first.taken), len(second.taken), backlog.full] == [1, 0, True]
    backlog.count()
    assert [len(first.taken), len(second.taken), backlog.full] == [1, 1, False]
    assert [list(steps), list(others)] == [[], []]
    backlog.takes(waiting(2))
    next(backlog.counting())
    assert list(backlog.counting()) == [None]
    assert [[each[0] for each in windows.taken] for windows in (first, second)] == [[[1], [2]], [[1], [2]]]


def run(
    specs: Sequence[KpiSpec], stream: Stream, cuts: Sequence[int], *, at_once: bool = False, steps: int = 0
) -> list[Any]:
    """All that an engine says and holds. After each batch so many steps are taken of what relieves it."""
    engine, said = Engine(specs), list[Any]()
    for number, piece in enumerate(pieces(stream, cuts)):
        said.append(engine.ingest(batch(piece), 0))
        for _ in islice(engine.relieving(), steps):
            pass
        if at_once:
            said.append(None)
            engine.stats()  # reads the state, so that nothing waits
        if number % 3 == 2:
            said.append(engine.advance(0))
    stats = engine.stats()
    return [*filter(None, said), stats, engine.snapshot().to_bytes(), engine.finish()]


@given(specs=st.sampled_from([SPECS, VISITS]), stream=STREAMS, cuts=CUTS)
def test_waiting_changes_nothing(specs: Sequence[KpiSpec], stream: Stream, cuts: Sequence[int]) -> None:
    """Verdicts, counters, rows and the bytes of the state are those of batches that are counted at once."""
    assert run(specs, stream, cuts) == run(specs, stream, cuts, at_once=True)


@given(specs=st.sampled_from([SPECS, VISITS]), stream=STREAMS, cuts=CUTS, steps=st.integers(1, 9))
def test_nor_does_counting_in_steps(specs: Sequence[KpiSpec], stream: Stream, cuts: Sequence[int], steps: int) -> None:
    """Though the next batch comes before the last of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backlogs, "LARGEST", 2)
        assert run(specs, stream, cuts, steps=steps) == run(specs, stream, cuts, at_once=True)


def test_most_batches_wait() -> None:
    """Of a stream in order all do; those of two windows are counted apart."""
    counted = Counted(KpiSpec("n", "count(*)", "tumbling 10s", delay="0s", grace="0s"))
    for second in range(40):
        counted.take({"timestamp": second * 1_000, "event": "e"})
    assert [row.value for row in counted.engine.finish().rows] == [10] * 4
    assert counted.sizes["n"] == [10, 10, 10, 10]


def test_batches_wait_for_sessions_that_end_meanwhile() -> None:
    """As long as none of their events is behind the watermark: then they are counted, and so is what is behind it."""
    counted = Counted(KpiSpec("n", "count(*)", "session 2s", delay="1s", grace="5s"))
    for second in (0, 1, 2, 10, 11, 20, 18):
        counted.take({"timestamp": second * 1_000, "event": "e", "distinct_id": "ann"})
    assert counted.sizes["n"] == [6, 1]
    rows = counted.engine.finish().rows
    assert [(row.start, row.end, row.value) for row in rows] == [
        (0, 4_000, 3),
        (10_000, 13_000, 2),
        (18_000, 22_000, 2),
    ]
