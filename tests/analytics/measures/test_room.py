"""Room for the events of a funnel: what goes, and when."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from analytics import journal as journals
from analytics.aggregation import FunnelSetting
from analytics.measures import room, visited
from analytics.measures.funnel import Funnel
from analytics.measures.rising import Rising
from tests.analytics.measures.test_funnel import add, opened, read
from tests.analytics.measures.test_needless import short
from tests.analytics.measures.values import cells


def kept(made: Funnel) -> int:
    """How many events are kept."""
    made._settle()
    return len(made._journal)


def test_the_events_of_all_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the room, users keep fewer events; and nobody is forgotten for it."""
    monkeypatch.setattr(room, "MAX_EVENTS", 1_000)
    monkeypatch.setattr(visited, "PENDING", 100)
    made = opened(FunnelSetting(2, 1_000_000))
    add(made, [(0, user, time, 1) for user in range(100) for time in range(64)])
    assert read(made, 0) == {"steps": [100, 0]}
    assert len(made.dump(cells(0), cells(0, 1))["times"]) <= 1_000
    assert made.note() == {
        "funnel_events_dropped": 6_400 - len(made.dump(cells(0), cells(0))["times"]),
        "funnel_events_refused": 0,
    }


def test_room_is_made_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that come between two of them find room; whoever else makes room meanwhile, each event is kept or counted.

    The levels are those of all events.
    """
    monkeypatch.setattr(room, "MAX_EVENTS", 1_000)
    monkeypatch.setattr(visited, "PENDING", 100)
    monkeypatch.setattr(journals, "PIECE", 64)
    made = opened(FunnelSetting(2, 1_000_000))
    running: list[Iterator[None]] = []
    for batch in range(40):
        add(made, [(0, user, batch * 1_000 + user, 1) for user in range(90)])
        running.append(made.settling())
        for steps in list(running):
            for _ in range(3):
                if next(steps, running) is running:
                    running.remove(steps)
                    break
        assert len(made._journal) <= 1_000 + 100 + 90
    for steps in running:
        for _ in steps:
            pass
    kept = len(made.dump(cells(0), cells(0, 1))["times"])
    assert kept <= 1_000
    assert made.note() == {"funnel_events_dropped": 40 * 90 - kept, "funnel_events_refused": 0}
    add(made, [(0, user, 1_000_000, 2) for user in range(0, 90, 2)])
    assert read(made, 0) == {"steps": [90, 45]}


@pytest.mark.parametrize(
    "setting",
    [
        FunnelSetting(2, 1_000, times=True),
        FunnelSetting(2, 1_000, ("strict_order",)),
        FunnelSetting(2, 1_000, exclude=True),
    ],
)
def test_where_each_event_matters_each_is_kept(setting: FunnelSetting) -> None:
    """With times, in the modes in which an event takes a level back, and with `exclude`."""
    made = short(setting)
    add(made, [(0, 1, time, 1) for time in range(9)])
    assert kept(made) == 9


def test_needless_events_that_were_kept_are_dropped_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that came before what makes them needless, when there are many."""
    monkeypatch.setattr(room, "TIDY", 64)
    made = short(FunnelSetting(2, 10_000))
    made._room._tidy_at = 64
    for time in range(300, 0, -1):
        add(made, [(0, 1, time, 1)])
        read(made, 0)
    assert kept(made) < 130
    assert made.note() == {"funnel_events_dropped": 0, "funnel_events_refused": 0}
    add(made, [(0, 1, 2, 2)])
    assert read(made, 0) == {"steps": [1, 1]}


def test_nobody_is_judged_again_for_events_that_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of users who went all the way in a pane, and of closed panes: windows say the same without them."""
    made, asked = opened(FunnelSetting(2, 1_000), slots=2, keys=1), list[object]()
    add(made, [(slot, user, 10 * slot + step, 1 + step) for slot in (0, 1) for user in range(40) for step in (0, 1)])
    add(made, [(1, 99, 15, 1)])
    assert read(made, 0, 1) == {"steps": [41, 40]}
    monkeypatch.setattr(Rising, "again", asked.append)
    made._room._tidy_at = 0
    add(made, [(1, 100, 16, 1)])
    assert read(made, 0, 1) == {"steps": [42, 40]}
    assert kept(made) == 2
    made.clear(0)
    made.open(0, 102)
    made._room._tidy_at = 0
    add(made, [(0, 99, 20, 2)])
    assert read(made, 0, 1) == {"steps": [42, 41]}
    assert (kept(made), asked) == (3, [])


def test_one_page_after_the_other_is_one_event() -> None:
    """The first; where windows are longer than a chain may be, each is kept, since the clock starts again."""
    events = [(0, 1, time, 1) for time in range(100)]
    made, long = short(FunnelSetting(2, 1_000)), opened(FunnelSetting(2, 1_000))
    long.bound(1_001)
    for funnel in (made, long):
        add(funnel, events[50:])
        read(funnel, 0)
        add(funnel, events[:50])
    assert [kept(made), kept(long)] == [2, 100]
    assert len(made.dump(cells(0), cells(0))["times"]) == 1


def test_who_thins_what_others_were_needless_for_needs_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first step of which every event was dropped can be met anew."""
    monkeypatch.setattr(room, "MAX_EVENTS", 100)
    made = short(FunnelSetting(3, 10_000))
    for time in range(200):
        add(made, [(0, 1, 1_000 - time, 1)])
        read(made, 0)
    made._journal.keep(np.zeros(len(made._journal), np.bool_))
    made._room.look_again()
    add(made, [(0, 1, 2_000, 1)])
    assert kept(made) == 1
