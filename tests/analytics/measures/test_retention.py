"""retention(..): cohorts, late starts, and what is forgotten."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec
from analytics.aggregation import RetentionSetting
from analytics.arrays import Visits
from analytics.measures import retention
from analytics.measures.retention import Retention, _mark, _shifted
from tests.analytics.measures.values import cells

DAY = 86_400_000
START, BACK = 1, 2


def opened(slots: int = 6, periods: int = 3, days: int = 1, keys: int = 1) -> Retention:
    """A measure whose slots hold the days 0, 1, .."""
    made = Retention(slots, keys, RetentionSetting(days * DAY, periods))
    for slot in range(slots):
        made.open(slot, slot)
    return made


def add(made: Retention, *days: float, mark: int = START, user: int = 1, key: int = 0) -> None:
    """Events of one user on these days, each in the pane of its day."""
    times = (np.array(days) * DAY).astype(np.int64)
    visits = Visits(np.full(len(times), user, np.uint64), times, np.full(len(times), mark, np.int64))
    made.add(times // DAY * made.keys + key, visits)


def read(made: Retention, *slots: int, key: int = 0) -> Any:
    """Size and returns."""
    value = json.loads(made.read(cells(*slots), cells(key)).values[0])
    return [value["size"], *value["returned"]]


def test_returns_count_once_a_period_and_not_in_the_first() -> None:
    """What happens in the period of the start is no return, nor is what happens before the start or too late."""
    made = opened()
    add(made, 0.1, mark=BACK)
    add(made, 1.5)
    add(made, 1.2, 1.9, 2.1, 2.9, 4.0, 5.5, mark=BACK)
    assert read(made, 1) == [1, 1, 0, 1]
    assert read(made, 0, 2, 3, 4, 5) == [0, 0, 0, 0]


def test_only_the_first_start_counts() -> None:
    """A user belongs to one cohort."""
    made = opened()
    add(made, 0.5, 1.5, 2.5)
    add(made, 2.6, mark=START | BACK)
    assert [read(made, day) for day in range(3)] == [[1, 0, 1, 0], [0] * 4, [0] * 4]


def test_a_late_start_moves_the_user_with_all_returns() -> None:
    """Returns from before the later start count from the earlier one on."""
    made = opened()
    add(made, 2.5)
    add(made, 1.5, 3.5, mark=BACK)
    assert read(made, 2) == [1, 1, 0, 0]
    add(made, 0.5)
    assert read(made, 2) == [0] * 4
    assert read(made, 0) == [1, 1, 0, 1]
    assert sorted(made.moved.tolist()) == [0, 2]


def test_returns_wait_for_a_late_start() -> None:
    """A return that comes before the start is known counts when it is."""
    made = opened()
    add(made, 3.5, 1.5, mark=BACK)
    assert read(made, *range(6)) == [0] * 4
    add(made, 0.5)
    assert read(made, 0) == [1, 1, 0, 1]


def test_who_was_in_a_closed_cohort_is_not_new() -> None:
    """A start after the cohort is closed makes no other one."""
    made = opened()
    add(made, 0.5)
    made.clear(0)
    add(made, 5.5)
    assert read(made, 5) == [0] * 4


def test_returns_without_a_start_that_can_still_come_are_forgotten() -> None:
    """Nothing is kept of a user whose last return lies before every start that may come."""
    made = opened()
    add(made, 1.5, mark=BACK)
    assert len(made.dump(cells(*range(6)), cells(0))["users"]) == 1
    made.settle(2 * DAY)
    assert len(made.dump(cells(*range(6)), cells(0))["users"]) == 0
    add(made, 3.5, mark=BACK)
    add(made, 2.5)
    assert read(made, 2) == [1, 1, 0, 0]


def test_beyond_the_cap_the_oldest_starts_are_forgotten(monkeypatch: Any) -> None:
    """They are counted, stay in their cohort, and would be new again."""
    monkeypatch.setattr(retention, "MOST", 1_000)
    made = opened()
    users = np.arange(1_500, dtype=np.uint64)
    made.add(np.zeros(1_500, np.int64), Visits(users, np.arange(1_500), np.ones(1_500, np.int64)))
    add(made, 1.5, user=1_499)
    assert made.note() == {"retention_forgotten": 1_500 - 1_000 * 15 // 16}
    add(made, 1.5, user=0)
    assert (read(made, 0)[0], read(made, 1)[0]) == (1_500, 1)


def test_weeks_are_counted_from_a_thursday() -> None:
    """A period of seven days is one of those that 1970-01-01 began, wherever in it the start lies."""
    made = Retention(3, 1, RetentionSetting(7 * DAY, 2))
    for slot in range(3):
        made.open(slot, slot)
    at = np.array([6, 7, 20]) * DAY
    made.add(at // (7 * DAY), Visits(np.ones(3, np.uint64), at, np.array([START, BACK, BACK])))
    assert read(made, 0) == [1, 1, 1]


@given(st.integers(0, (1 << 128) - 1), st.integers(-140, 140))
def test_shifting_moves_all_128_bits(bits: int, by: int) -> None:
    """Up and down, by any distance."""
    words = [np.array([word], np.uint64) for word in divmod(bits, 1 << 64)]
    after, before = _shifted(words[0], words[1], np.array([by]))
    expected = (bits << by if by >= 0 else bits >> -by) & ((1 << 128) - 1)
    assert (int(after[0]) << 64) + int(before[0]) == expected


def test_returns_out_of_reach_are_not_marked() -> None:
    """64 periods before and 63 after the one of reference are known."""
    after, before = np.zeros(1, np.uint64), np.zeros(1, np.uint64)
    _mark(after, before, cells(0, 0, 0, 0, 0, 0), cells(-65, -64, -1, 0, 63, 64))
    assert (int(after[0]), int(before[0])) == ((1 << 63) + 1, (1 << 63) + 1)


def test_a_cohort_is_final_when_its_last_period_has_passed() -> None:
    """Partial until then, with the watermark where it is for every KPI; corrected within the grace after it."""
    value = "retention(event = 'signup', event = 'visit', periods => 2)"
    engine = Engine([KpiSpec(name="k", value=value, window="tumbling 1d", delay="0s", grace="1d")])

    def told(day: float, event: str, user: str = "a") -> list[tuple[Any, ...]]:
        made = {"event": event, "distinct_id": user, "timestamp": int(day * DAY)}
        engine.ingest(Batch.from_events([made]), 0)
        return [
            (row.start // DAY, row.kind, row.value["size"], *row.value["returned"]) for row in engine.advance(0).rows
        ]

    assert told(0.5, "signup") == [(0, "partial", 1, 0, 0)]
    assert told(1.5, "visit") == [(0, "partial", 1, 1, 0), (1, "partial", 0, 0, 0)]
    assert told(2.99, "visit") == [(0, "partial", 1, 1, 1), (2, "partial", 0, 0, 0)]
    assert engine.watermark() == int(2.99 * DAY)
    assert told(3, "other") == [(0, "final", 1, 1, 1), (3, "partial", 0, 0, 0)]
    assert told(0.6, "signup", "b") == [(0, "correction", 2, 1, 1)]
    assert told(4, "other") == [(1, "final", 0, 0, 0), (4, "partial", 0, 0, 0)]
    assert told(0.7, "signup", "c") == []
    assert engine.stats()["late"] == 1


@pytest.mark.parametrize("periods", [1, 60])
def test_any_number_of_periods_is_kept_apart(periods: int) -> None:
    """A return in the last period is the last number."""
    made = Retention(62, 1, RetentionSetting(DAY, periods))
    for slot in range(62):
        made.open(slot, slot)
    add(made, 0.5)
    add(made, periods, periods + 1, mark=BACK)
    assert read(made, 0) == [1, *[0] * (periods - 1), 1]
