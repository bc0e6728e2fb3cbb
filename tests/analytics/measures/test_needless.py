"""Events of a funnel that change nothing: which they are, and that they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.aggregation import FunnelSetting
from analytics.journal import Rows
from analytics.measures.funnel import Funnel
from analytics.measures.needless import Needless
from tests.analytics.measures.test_funnel import add, opened, read
from tests.analytics.measures.values import cells

PANE = 10
"""Times of the pane in slot s are from 10 * s on."""
VISITS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, PANE - 1), st.integers(0, 7)))


def rows(*events: tuple[int, int, int]) -> Rows:
    """(group, time, marks)."""
    return Rows(*(np.array(column, np.int64) for column in zip(*events, strict=True)))


def short(setting: FunnelSetting, slots: int = 4) -> Funnel:
    """A funnel whose windows are no longer than its chains may be."""
    made = opened(setting, slots)
    made.bound(setting.within)
    return made


def test_a_step_that_was_reached_is_reached() -> None:
    """Later events that meet it are needless; earlier ones, and those of other groups, are not."""
    needless = Needless(3, 100)
    events = rows((0, 10, 1), (0, 20, 1), (0, 5, 2), (0, 30, 2), (0, 40, 2), (1, 20, 1), (0, 10, 1))
    needless.note(events, 2)
    assert needless.among(events).tolist() == [False, True, False, False, True, False, False]
    more = rows((0, 7, 1))
    needless.note(more, 2)
    assert needless.among(rows((0, 10, 1), (0, 7, 1), (0, 8, 2), (0, 31, 2))).tolist() == [True, False, False, True]


def test_of_the_last_step_the_latest_event_counts() -> None:
    """Whatever comes before it."""
    needless = Needless(2, 100)
    events = rows((0, 10, 2), (0, 30, 2), (0, 30, 2), (0, 20, 3))
    needless.note(events, 1)
    assert needless.among(events).tolist() == [True, False, False, False]


def test_an_event_that_meets_several_steps_must_be_needless_at_each() -> None:
    """One that meets none is needless."""
    needless = Needless(3, 100)
    events = rows((0, 10, 1), (0, 20, 1 | 4), (0, 30, 1 | 4), (0, 40, 0))
    needless.note(events, 1)
    assert needless.among(events).tolist() == [False, True, False, True]


@given(st.lists(VISITS, max_size=5), st.sampled_from([1, 2, 3]))
def test_what_is_not_kept_changes_nothing(batches: list[Any], steps: int) -> None:
    """Each window, of one pane or several, read between batches: as when every event is kept.

    The dump is that of the same events in any other batches.
    """
    setting = FunnelSetting(steps, 4 * PANE)
    some, every, last = short(setting), opened(setting, 4), short(setting)
    windows = [[0], [1], [0, 1], [1, 2], [0, 1, 2]]
    come: list[tuple[int, int, int, int]] = []
    for batch in batches:
        events = [(cell, user, cell // 2 * PANE + time, marks % (1 << steps)) for cell, user, time, marks in batch]
        come += events
        for made in (some, every):
            add(made, events)
        assert [[read(some, *slots, key=key) for slots in windows] for key in (0, 1)] == [
            [read(every, *slots, key=key) for slots in windows] for key in (0, 1)
        ]
    add(last, come[::-1])
    dumps = [
        {name: array.tolist() for name, array in made.dump(cells(0, 1, 2), cells(0, 1)).items()}
        for made in (some, last)
    ]
    assert dumps[0] == dumps[1]
    restored = short(setting)
    restored.load(cells(0, 1, 2), cells(0, 1), some.dump(cells(0, 1, 2), cells(0, 1)))
    for made in (restored, every):
        add(made, [(cell, user, cell // 2 * PANE + 5, (1 << steps) - 1) for cell in range(4) for user in range(2)])
        made.merge(cells(0, 1), 3)
    windows.append([3])
    assert [[read(restored, *slots, key=key) for slots in windows] for key in (0, 1)] == [
        [read(every, *slots, key=key) for slots in windows] for key in (0, 1)
    ]
