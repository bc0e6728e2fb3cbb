"""Micro-batches: times as they are written, and columns out of event objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.batch import Batch, time_ms
from analytics.dictionary import Dictionary, Encoded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_500.9, 1_500),
        ("1970-01-01T00:00:01", 1_000),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T23:59:59.250Z", -750),
        ("2024-02-29T00:00:00.001999Z", 1_709_164_800_001),
    ],
)
def test_times_are_epoch_milliseconds(value: Any, expected: int) -> None:
    """Numbers are cut to whole ms; a text counts in its offset, or in UTC without one, before 1970 too."""
    assert time_ms(value) == expected


@pytest.mark.parametrize("value", [None, True, [1], "soon", float("nan"), float("inf")])
def test_what_is_no_time_is_a_value_error(value: Any) -> None:
    """Absent, boolean, nested, unreadable and non-finite times are all refused the same way."""
    with pytest.raises(ValueError, match=r".+"):
        time_ms(value)


def test_properties_become_columns_with_gaps() -> None:
    """A property that an event lacks is None there, wherever it first appears."""
    events: list[dict[str, Any]] = [
        {"event": "a", "timestamp": 1, "properties": {"x": 1}},
        {"timestamp": 2},
        {"event": "b", "timestamp": 3, "distinct_id": "d", "properties": {"y": "z"}},
    ]
    batch = Batch.from_events(events, "src")
    assert batch.columns == {
        "event": ["a", None, "b"],
        "distinct_id": [None, None, "d"],
        "session_id": [None, None, None],
        "x": [1, None, None],
        "y": [None, None, "z"],
    }
    assert (batch.timestamp.tolist(), list(batch.sources)) == ([1, 2, 3], [("src", 3)])


def test_a_property_does_not_hide_a_fixed_column() -> None:
    """`event` is the event's name even if a property is called so."""
    batch = Batch.from_events([{"event": "real", "timestamp": 1, "properties": {"event": "fake"}}])
    assert batch.columns["event"] == ["real"]


def test_no_events_are_an_empty_batch() -> None:
    """Without events there is no source either."""
    batch = Batch.from_events([])
    assert (batch.n, len(batch.timestamp), list(batch.sources)) == (0, 0, [])


@pytest.mark.parametrize(
    ("columns", "sources"), [({"x": [1]}, [("s", 2)]), ({"x": [1, 2]}, [("s", 1)]), ({"x": [1, 2]}, [])]
)
def test_lengths_must_agree(columns: dict[str, list[int]], sources: list[tuple[str, int]]) -> None:
    """A column or the sources of another length are refused."""
    with pytest.raises(ValueError, match="a batch of 2 events"):
        Batch(2, np.zeros(2, np.int64), columns, sources)


def test_joined_batches_are_one() -> None:
    """Columns, sources and marks follow each other; what one of them lacks is absent there."""
    first = Batch.from_events([{"timestamp": 1, "properties": {"x": 5}}, {"timestamp": 2}], "a")
    other = Batch.from_events([{"timestamp": 3, "event": "e", "properties": {"y": "z"}}], "b")
    other.skip = np.array([True])
    joined = Batch.joined([first, other])
    assert (joined.n, joined.timestamp.tolist(), joined.sources) == (3, [1, 2, 3], [("a", 2), ("b", 1)])
    assert {name: joined.columns[name] for name in ("x", "y", "event")} == {
        "x": [5, None, None],
        "y": [None, None, "z"],
        "event": [None, None, "e"],
    }
    assert joined.holds is None
    assert joined.skip is not None
    assert joined.skip.tolist() == [False, False, True]


def test_joined_columns_stay_encoded_while_their_codes_go_together() -> None:
    """Codes of one dictionary are joined; with others, or with plain values, the values are."""
    one, two = Dictionary(), Dictionary()
    columns = [Encoded(d.encode(values), d) for d, values in ((one, ["a", "b"]), (one, ["b", None]), (two, ["c", "d"]))]

    def joined(*parts: Any) -> Any:
        return Batch.joined([Batch(2, np.zeros(2, np.int64), {"x": part}, [("s", 2)]) for part in parts]).columns["x"]

    together = joined(*columns[:2])
    assert isinstance(together, Encoded)
    assert (together.dictionary is one, together.codes.tolist()) == (True, [1, 2, 2, 0])
    assert joined(*columns) == ["a", "b", "b", None, "c", "d"]
    assert joined(columns[0], [1, 2]) == ["a", "b", 1, 2]
