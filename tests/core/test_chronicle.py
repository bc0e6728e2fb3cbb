"""What is to be kept of rows: under which name, at which level, and in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics import Batch, Changes, Engine, KpiSpec, Row
from gateway.core.chronicle import SLICE, Chronicle, row_of, series_of


def spec(window: str = "tumbling 1s", **more: Any) -> KpiSpec:
    return KpiSpec(**{"name": "k", "value": "count(*)", "window": window, "delay": "0s", "grace": "0s", **more})


def row(start: int = 0, end: int = 1_000, value: Any = 1, kind: str = "final", rev: int = 0, **dims: Any) -> Row:
    return Row("k", dims, start, end, value, kind, rev)


def handed(chronicle: Chronicle) -> tuple[list[Any], list[Any]]:
    """All rows and retractions that wait, without the number of their series."""
    slices = list(chronicle.hand_over())
    rows = [line[1:] for part in slices for line in json.loads(part.rows)]
    return rows, [line[1:] for part in slices for line in json.loads(part.gone)]


def test_rows_come_back_as_they_were() -> None:
    """Every value, error and number of keys."""
    rows = [
        row(),
        row(value=None, kind="correction", rev=3, country=None),
        row(value={"items": [["ü", 2]]}, country="DE", paid=True),
        Row("k", {"c": 1.5}, -2_000, -1_000, 0.1 + 0.2, "final", 0, 0.016),
        Row("k", {"c": "__other__"}, 0, 1_000, 7, "final", 0, None, 12),
    ]
    chronicle = Chronicle([spec()])
    chronicle.take(Changes(rows))
    kept, gone = handed(chronicle)
    assert gone == []
    assert [row_of("k", start, end, dims.encode(), body.encode()) for _, start, _, dims, end, body in kept] == rows


def test_open_windows_are_left_out() -> None:
    """What may change at any moment is the engine's to say."""
    chronicle = Chronicle([spec()])
    chronicle.take(Changes([row(kind="partial")]))
    assert (handed(chronicle), len(chronicle)) == (([], []), 0)


def test_the_last_word_on_a_row_counts() -> None:
    """A correction replaces its final, a retraction takes it back, and a row may come again behind one."""
    chronicle = Chronicle([spec()])
    said = [row(0), row(1), row(2), row(0, value=5, kind="correction", rev=1), row(1, kind="retract", rev=1)]
    chronicle.take(Changes([*said, row(2, kind="retract"), row(2, value=8)]))
    rows, gone = handed(chronicle)
    assert [(start, body) for _, start, _, _, _, body in rows] == [(0, "[5,2,1]"), (2, "[8,1,0]")]
    assert [start for _, start, *_ in gone] == [1]
    assert handed(chronicle) == ([], [])


def test_what_cannot_be_encoded_is_left_out() -> None:
    """A lone surrogate or a number beyond 64 bits is no JSON; the other rows are kept."""
    chronicle = Chronicle([spec()])
    chronicle.take(Changes([row(c="\ud800"), row(value=1 << 70), row(5)]))
    assert [start for _, start, *_ in handed(chronicle)[0]] == [5]


def test_slices_are_bounded() -> None:
    """However many rows there are, each slice is small, and all come."""
    chronicle = Chronicle([spec()])
    chronicle.take(Changes([row(start) for start in range(2 * SLICE + 1)]))
    slices = list(chronicle.hand_over())
    assert [part.number for part in slices] == [SLICE, SLICE, 1]
    assert all(list(part.series.values()) == [series_of(spec()).identity] for part in slices)


@pytest.mark.parametrize(
    "change",
    [
        {"value": "count(*) + 1"},
        {"window": "tumbling 2s"},
        {"where": "event = 'x'"},
        {"by": ("c",)},
        {"delay": "1s"},
        {"grace": "1s"},
        {"max_keys": 5},
        {"name": "other"},
    ],
)
def test_a_changed_definition_is_another_series(change: dict[str, Any]) -> None:
    """Its rows never meet those of the old one."""
    assert series_of(spec(**change)).number != series_of(spec()).number


def test_words_for_people_change_no_series() -> None:
    """Title and the like: the history goes on."""
    assert (
        series_of(spec(title="T", owner="o", unit="u", good="up", description="d", freshness="1s"))[:2]
        == (series_of(spec())[:2])
    )


def test_rows_of_a_set_that_is_gone_are_still_handed_over() -> None:
    """What was final before a reload belongs to the old definition."""
    chronicle = Chronicle([spec()])
    chronicle.take(Changes([row()]))
    chronicle.replace([spec(value="count(*) + 1")])
    chronicle.take(Changes([row(value=2)]))
    (part,) = chronicle.hand_over()
    assert [line[-1] for line in json.loads(part.rows)] == ["[1,1,0]", "[2,1,0]"]
    assert len(part.series) == 2


@pytest.mark.parametrize(
    ("window", "levels", "nested", "found"),
    [
        ("tumbling 1s", (0, 1, 2), True, {(0, 1_000): 0, (0, 10_000): 1, (0, 60_000): 2}),
        ("tumbling 10s", (1, 2), True, {(0, 10_000): 1, (0, 60_000): 2}),
        ("tumbling 7s", (0,), True, {(0, 7_000): 0}),
        ("tumbling 1h", (2,), True, {(0, 3_600_000): 2}),
        ("sliding 5m every 1s", (0, 1, 2), False, {(0, 300_000): 2, (10_000, 0): 1, (60_000, 0): 2, (9_000, 0): 0}),
        ("sliding 30m every 10s", (1, 2), False, {(10_000, 0): 1, (120_000, 0): 2}),
        ("cumulative 1d every 10s", (1, 2), False, {(0, 70_000): 1, (0, 60_000): 2, (0, 86_400_000): 2}),
        ("session 30m", (1,), False, {(0, 1): 1, (60_000, 10**9): 1}),
    ],
)
def test_each_row_has_its_level(
    window: str, levels: tuple[int, ...], nested: bool, found: dict[tuple[int, int], int]
) -> None:
    """Tumbling windows by their length; of others every so many are kept longer."""
    series = series_of(spec(window))
    assert (series.levels, series.nested) == (levels, nested)
    assert {place: series.level(*place) for place in found} == found


def test_steps_of_a_day_are_told_apart_by_their_end() -> None:
    """Sessions are not: a late event moves the end of the same row."""
    day, session = series_of(spec("cumulative 1d every 1m")), series_of(spec("session 30m"))
    assert (day.mark(60_000), session.mark(60_000)) == (60_000, 0)
    assert (day.longest, session.longest) == (86_400_000, None)


def test_coarser_windows_come_out_once_complete() -> None:
    """With the sum of all they hold, also over a snapshot between closing and handing out."""
    kpi = spec(by=("c",))
    engine = Engine([kpi])
    events = [{"event": "x", "timestamp": t, "properties": {"c": t % 2}} for t in range(0, 75_000, 500)]
    engine.ingest(Batch.from_events(events), 0)
    other = Engine.restore([kpi], engine.snapshot())
    changes, again = engine.advance(0), other.advance(0)
    assert again == changes
    spans = [(row.start, row.end) for row in changes.coarse]
    assert sorted(set(spans)) == sorted([(t, t + 10_000) for t in range(0, 70_000, 10_000)] + [(0, 60_000)])
    assert sum(row.value for row in changes.coarse if row.end - row.start == 60_000) == 120
    assert engine.advance(0).coarse == []
