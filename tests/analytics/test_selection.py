"""Which events an aggregate takes, and the values in step with them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from analytics.aggregation import Aggregation
from analytics.arrays import Numbers
from analytics.batch import Batch
from analytics.definition import condition, definition
from analytics.dictionary import Dictionary
from analytics.frame import Coded, Frame
from analytics.measures import MEASURES
from analytics.measures.count import Count
from analytics.measures.measure import Takes
from analytics.schema import Columns
from analytics.selection import Selection, select

EVENTS: list[dict[str, Any]] = [
    {"event": "buy", "price": 1, "city": "Bonn"},
    {"event": "view", "price": 2, "city": None},
    {"event": "buy", "price": None, "city": "Köln"},
    {"event": "buy", "price": "dear", "city": "Bonn"},
    {"event": None, "price": 5.5, "city": "Bonn"},
]


def prepared(value: str) -> tuple[Frame, Aggregation]:
    """The only aggregate of a KPI value, and the frame of the events above."""
    (aggregate,) = definition(value).aggregates
    columns = Columns()
    columns.aggregate(aggregate)
    names = ("event", "price", "city")
    batch = Batch(5, np.arange(5), {name: [e[name] for e in EVENTS] for name in names}, [("s", 5)])
    return Frame(batch, {key: Dictionary() for key in columns.coded}), aggregate


def taken(value: str) -> Selection:
    """The selection of the only aggregate of a KPI value."""
    frame, aggregate = prepared(value)
    return select(frame, aggregate, aggregate.key)


@pytest.mark.parametrize(
    ("value", "events"),
    [
        ("count(*)", None),
        ("count(*) filter (where event = 'buy')", [0, 2, 3]),
        ("count(price)", [0, 1, 3, 4]),
        ("count(city) filter (where event = 'buy')", [0, 2, 3]),
        ("count(event = 'buy')", [0, 1, 2, 3]),
        ("sum(price)", [0, 1, 4]),
        ("sum(price) filter (where event = 'buy')", [0]),
        ("uniq(city)", [0, 2, 3, 4]),
        ("uniq(city) filter (where price > 100)", []),
        ("sum(timestamp)", None),
    ],
)
def test_null_arguments_and_untrue_filters_are_left_out(value: str, events: list[int] | None) -> None:
    """The events are those where the filter is true and the argument is there; None stands for all."""
    found = taken(value).events
    assert (None if found is None else found.tolist()) == events


def test_values_are_in_step_with_their_events() -> None:
    """Numbers and codes are those of the selected events, in their order; a count has none."""
    numbers, coded = taken("sum(price)").values, taken("uniq(city)").values
    assert isinstance(numbers, Numbers)
    assert numbers.values.tolist() == [1.0, 2.0, 5.5]
    assert isinstance(coded, Coded)
    bonn, koeln = coded.codes[0], coded.codes[1]
    assert bonn != koeln
    assert coded.codes.tolist() == [bonn, koeln, bonn, bonn]
    assert taken("count(price)").values is None


def test_within_narrows_events_and_values_together() -> None:
    """A mask over the batch keeps its events, whether all were selected before or some."""
    mask = np.array([False, True, True, False, True])
    some, every = taken("sum(price)").within(mask), taken("sum(timestamp)").within(mask)
    assert some.events is not None
    assert some.events.tolist() == [1, 4]
    assert some.values.values.tolist() == [2.0, 5.5]
    assert every.events is not None
    assert every.events.tolist() == [1, 2, 4]
    assert every.values.values.tolist() == [1.0, 2.0, 4.0]


def test_the_average_counts_only_numbers() -> None:
    """The divisor of an average leaves out what its sum leaves out, so both select the same events."""
    total, count = definition("avg(price)").aggregates
    frame, _ = prepared("sum(price)")
    first, second = select(frame, total, total.key), select(frame, count, count.key)
    assert first.events is not None
    assert second.events is not None
    assert first.events.tolist() == second.events.tolist() == [0, 1, 4]


def test_it_is_worked_out_once_a_batch() -> None:
    """Whoever asks again under the same key gets the same selection."""
    frame, aggregate = prepared("sum(price)")
    assert select(frame, aggregate, aggregate.key) is select(frame, aggregate, aggregate.key)


def test_low_parts_of_large_integers_are_selected_too() -> None:
    """What a float loses of a large integer stays with its event."""
    (aggregate,) = definition("sum(price)").aggregates
    large = (1 << 53) + 3
    frame = Frame(Batch(3, np.arange(3), {"price": [None, large, 1]}, [("s", 3)]), {})
    numbers = select(frame, aggregate, aggregate.key).values
    assert [int(v) + int(low) for v, low in zip(numbers.values, numbers.low, strict=True)] == [large, 1]


class Marked(Count):
    """A measure of what users did; a parameter of 1 makes it take events without a mark."""

    takes: ClassVar[Takes] = "visits"

    @classmethod
    def takes_unmarked(cls, parameter: Any) -> bool:
        return bool(parameter)


@pytest.mark.parametrize(("parameter", "times", "marks"), [(0, [1, 4], [1, 2]), (1, [1, 2, 4], [1, 0, 2])])
def test_visits_are_of_known_users(
    monkeypatch: pytest.MonkeyPatch, parameter: int, times: list[int], marks: list[int]
) -> None:
    """Nobody's events are left out, and those that meet no condition unless the measure asks for them."""
    monkeypatch.setitem(MEASURES, "marked", Marked)
    aggregate = Aggregation("marked", None, parameter, None, (condition("event = 'a'"), condition("event = 'b'")))
    columns = Columns()
    columns.aggregate(aggregate)
    events = [("a", None), ("a", "ann"), ("c", "ann"), ("a", None), ("b", "bob")]
    batch = Batch(5, np.arange(5), {"event": [e for e, _ in events], "distinct_id": [u for _, u in events]}, [("s", 5)])
    frame = Frame(batch, {key: Dictionary() for key in columns.coded})
    selection = select(frame, aggregate, aggregate.state)
    visits = selection.values
    assert selection.events is not None
    assert selection.events.tolist() == visits.times.tolist() == times
    assert visits.marks.tolist() == marks
    assert len(set(visits.users.tolist())) == 2
    narrowed = selection.within(np.arange(5) == 4)
    assert [column.tolist() for column in narrowed.values[1:]] == [[4], [2]]
