"""Exact grids: rows in the order of the events that caused them, each late event with corrections of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec, Row, leap
from analytics.plan import GridPlan
from tests.analytics.model import VALUES, Model, same
from tests.analytics.streams import STREAMS, TIMES, WINDOWS, Stream, Windows, batch, pieces, settled

CUTS = st.lists(st.integers(0, 60), max_size=6)
# JSON types in the order of dims.
ORDER = {"NoneType": 0, "bool": 1, "number": 2, "str": 3}


def _dims_order(row: tuple[Any, ...]) -> Any:
    kind, value = row[2] or ("NoneType", None)
    return (row[1], ORDER[kind], 0 if value is None else value)


def _fed(specs: list[KpiSpec], stream: Stream, cuts: list[int]) -> tuple[Engine, list[Row]]:
    engine = Engine(specs, exact=True)
    rows: list[Row] = []
    for piece in pieces(stream, cuts):
        engine.ingest(batch(piece), 0)
        rows += engine.settled().rows
    return engine, rows


def _exact(specs: list[KpiSpec], stream: Stream, cuts: list[int]) -> list[Row]:
    """All rows, in as many pieces as there can be."""
    engine, rows = Engine(specs, exact=True), list[Row]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leap, "MOST", 1)
        for piece in pieces(stream, cuts):
            rows += [row for changes in engine.ingesting(batch(piece), 0) for row in changes.rows]
        return rows + [row for changes in engine.finishing() for row in changes.rows]


@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES, st.sampled_from(sorted(VALUES)), st.sampled_from([None, "country"]))
def test_rows_are_those_of_one_event_at_a_time(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int, value: str, by: str | None
) -> None:
    """However a stream is cut, rows and their order are those of a model that is asked after each event."""
    stream, scale = window.moved(stream), window.scale
    spec = KpiSpec(name="k", value=value, window=window.text, tz=window.tz, by=(by,) if by else ())
    spec = replace(spec, delay=window.ms(delay), grace=window.ms(grace))
    model = Model(VALUES[value], window.spans, delay * scale, grace * scale, by)
    expected = list[tuple[Any, ...]]()
    for event, source in stream:
        model.add(event, source)
        expected += sorted(model.advance(), key=_dims_order)
    expected += sorted(model.finish(), key=_dims_order)
    found = settled(_exact([spec], stream, cuts))
    assert [(*row[:3], *row[4:]) for row in found] == [(*row[:3], *row[4:]) for row in expected]
    for got, want in zip(found, expected, strict=True):
        assert same(got[3], want[3]) or abs(got[3] - want[3]) <= 1e-12 * abs(want[3]), (got, want)


@given(STREAMS, CUTS, WINDOWS, TIMES, TIMES)
def test_the_order_over_several_grids_does_not_depend_on_batches(
    stream: Stream, cuts: list[int], window: Windows, delay: int, grace: int
) -> None:
    """Rows of several KPIs are merged by event, then end, KPI and dims; one batch or many give the same list."""
    stream = window.moved(stream)
    times: dict[str, Any] = {
        "delay": window.ms(delay),
        "grace": window.ms(grace),
        "window": window.text,
        "tz": window.tz,
    }
    specs = [
        KpiSpec(name="b", value="uniq(distinct_id)", by=("country",), max_keys=2, **times),
        KpiSpec(name="a", value="count(*)", **times),
        KpiSpec(name="c", value="sum(price)", window="tumbling 1s", delay="1s", grace="3s", where="event = 'buy'"),
    ]
    assert _exact(specs, stream, cuts) == _exact(specs, stream, [])


def _batch(*times: int, **properties: Any) -> Batch:
    return Batch.from_events([{"event": "e", "timestamp": t, "properties": properties} for t in times])


def test_a_final_does_not_know_what_comes_later() -> None:
    """In one batch: the final as it was when its window closed, then one correction for each late event."""
    engine = Engine([KpiSpec(name="k", value="count(*)", window="tumbling 1s", delay="0s", grace="10s")], exact=True)
    engine.ingest(_batch(0, 1_000, 5, 6), 0)
    assert [(r.value, r.kind, r.rev) for r in engine.settled().rows] == [
        (1, "final", 0),
        (2, "correction", 1),
        (3, "correction", 2),
    ]


def test_advance_adds_the_open_windows() -> None:
    """`settled` says nothing of windows that are not final, and takes nothing from a later `advance`."""
    engine = Engine([KpiSpec(name="k", value="count(*)", window="sliding 2s every 1s", delay="0s")], exact=True)
    engine.ingest(_batch(0, 1_000), 0)
    assert [(r.start, r.kind) for r in engine.settled().rows] == [(-1_000, "final")]
    assert [(r.start, r.value, r.kind) for r in engine.advance(0).rows] == [(0, 2, "partial")]


def test_an_event_that_changes_nothing_corrects_nothing() -> None:
    """A known user in a final window is no new row, also where other keys overflowed."""
    spec = KpiSpec(name="k", value="uniq(event)", by=("c",), max_keys=1, window="tumbling 1s", delay="0s", grace="10s")
    engine = Engine([spec], exact=True)
    for time, c in ((0, "a"), (1, "b"), (2_000, "a")):
        engine.ingest(_batch(time, c=c), 0)
    assert len(engine.settled().rows) == 2
    engine.ingest(_batch(5, c="a"), 0)
    assert engine.settled().rows == []


def test_a_grid_without_room_closes_early_the_same_way(monkeypatch: Any) -> None:
    """Too few panes: the oldest is closed before its time, at the same event whatever the batches."""
    monkeypatch.setattr(GridPlan, "panes", property(lambda plan: 3))
    spec = KpiSpec(name="k", value="count(*)", window="tumbling 1s", delay="1h", grace="0s")
    times = [0, 1_000, 2_000, 3_000, 500, 1_500, 9_000, 3_500, 2_500, 12_000]
    results = []
    for size in (1, 3, 10):
        engine, rows = Engine([spec], exact=True), list[Row]()
        for start in range(0, len(times), size):
            engine.ingest(_batch(*times[start : start + size]), 0)
            rows += engine.settled().rows
        results.append(([tuple(r) for r in rows], engine.stats()["closed_early"], engine.stats()["late"]))
    assert results[0][1] > 0
    assert results[0] == results[1] == results[2]


def test_each_late_event_corrects_the_later_steps_of_its_day() -> None:
    """A cumulative window holds all since the start of the day, so every final step behind the event is corrected."""
    spec = KpiSpec(name="k", value="count(*)", window="cumulative 1d every 1h", delay="0s", grace="2h")
    hour, results = 3_600_000, []
    times = [0, 3 * hour, hour, 2 * hour, 5 * hour, hour]
    for size in (1, 6):
        engine, rows = Engine([spec], exact=True), list[Row]()
        for start in range(0, len(times), size):
            engine.ingest(_batch(*times[start : start + size]), 0)
            rows += engine.settled().rows
        results.append([(row.end // hour, row.value, row.kind, row.rev) for row in rows])
    assert (
        results[0]
        == results[1]
        == [
            *((end, 1, "final", 0) for end in (1, 2, 3)),
            *((end, 2, "correction", 1) for end in (2, 3)),
            (3, 3, "correction", 2),
            *((end, 4, "final", 0) for end in (4, 5)),
            *((end, 5, "correction", 1) for end in (4, 5)),
        ]
    )


def test_two_sources_make_a_final_where_the_slower_one_moves() -> None:
    """The event that lifts the smallest maximum is the one that finals are stamped with, in one batch or in many."""
    stream: Stream = [
        ({"event": "e", "timestamp": t, "properties": {}, "distinct_id": None, "session_id": None}, source)
        for t, source in ((0, "a"), (5_000, "b"), (2_000, "a"), (7_000, "b"), (6_000, "a"), (500, "b"))
    ]
    specs = [KpiSpec(name=f"k{n}", value="count(*)", window=f"tumbling {n}s", delay="0s") for n in ("1", "2", "3")]
    assert _exact(specs, stream, [1, 2, 3, 4, 5]) == _exact(specs, stream, [])
