"""Engines taken up from a snapshot: what goes on, what starts anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from analytics import Batch, Engine, KpiSpec, Row
from analytics.restoration import generations, identity, taken
from analytics.snapshot import Snapshot

COUNT = KpiSpec(name="n", value="count(*)", window="sliding 4s every 2s", delay="1s", by=("city",), max_keys=3)
SPECS = [
    COUNT,
    replace(COUNT, name="sum", value="sum(price)"),
    replace(COUNT, name="users", value="uniq(user)", window="tumbling 2s"),
    replace(COUNT, name="best", value="top(city, 2)", by=()),
]


def events(first: int, count: int) -> Batch:
    """Events 300 ms apart, of more cities than there are keys, every third one without a price."""
    made: list[dict[str, Any]] = []
    for i in range(first, first + count):
        properties = {"city": f"c{i % 5}", "price": None if i % 3 == 0 else i / 4, "user": f"u{i % 7}"}
        made.append({"timestamp": 300 * i, "properties": properties})
    return Batch.from_events(made)


def fed(specs: list[KpiSpec], published: bool) -> Engine:
    """An engine half-way, with closed and open windows, and its rows handed out or still pending."""
    engine = Engine(specs)
    engine.ingest(events(0, 30), 0)
    if published:
        engine.advance(0)
    engine.ingest(events(30, 10), 0)
    return engine


def carried(engine: Engine) -> Snapshot:
    """Its snapshot, through bytes."""
    return Snapshot.from_bytes(engine.snapshot().to_bytes())


def rest(engine: Engine) -> list[Row]:
    """All rows that more events and the end make."""
    engine.ingest(events(35, 30), 0)
    return engine.advance(0).rows + engine.finish().rows


@pytest.mark.parametrize("published", [False, True])
def test_restored_engine_goes_on_like_the_original(published: bool) -> None:
    """Same state, same history and the same rows from then on, corrections and pending ones included."""
    engine = fed(SPECS, published)
    copy = Engine.restore(SPECS, carried(engine))
    assert copy.snapshot().to_bytes() == engine.snapshot().to_bytes()
    for spec in SPECS:
        assert copy.rows(spec.name, 0, 20_000) == engine.rows(spec.name, 0, 20_000)
    rows = rest(engine)
    assert rest(copy) == rows
    assert {row.kpi for row in rows} == {spec.name for spec in SPECS}


@pytest.mark.parametrize("published", [False, True])
def test_a_frozen_engine_does_not_change(published: bool) -> None:
    """Its snapshot may be made later, by another thread: what the engine does meanwhile is not in it."""
    engine, same = fed(SPECS, published), fed(SPECS, published)
    frozen, snapshot = taken(engine.freezing()), engine.snapshot()
    rest(engine)
    then = same.snapshot().to_bytes()
    assert frozen().to_bytes() == then != engine.snapshot().to_bytes()
    assert snapshot.to_bytes() == then


def test_unchanged_kpis_keep_their_state_beside_changed_ones() -> None:
    """Of two KPIs of one grid the changed one starts empty, and the other goes on as if alone."""
    engine = fed(SPECS, True)
    changed = [COUNT, replace(SPECS[1], value="max(price)")]
    copy = Engine.restore(changed, carried(engine))
    assert copy.rows("n", 0, 20_000) == engine.rows("n", 0, 20_000) != []
    assert copy.rows("sum", 0, 20_000) == []
    expected = [row for row in rest(engine) if row.kpi == "n"]
    assert [row for row in rest(copy) if row.kpi == "n"] == expected


def test_generations_tell_old_from_new() -> None:
    """A KPI that computes the same keeps its generation, whatever its title; a changed or new one gets a later."""
    snapshot = carried(fed([COUNT], True))
    (old,) = {grid["generation"] for grid in snapshot.meta["grids"]}
    new = generations(
        [replace(COUNT, title="Events", owner="me", unit="1"), replace(COUNT, name="m"), replace(SPECS[1], name="s")],
        snapshot,
    )
    assert new == {"n": old, "m": old + 1, "s": old + 1}
    assert generations([replace(COUNT, grace="11m")], snapshot) == {"n": old + 1}


@pytest.mark.parametrize(
    "change",
    [{"value": "sum(x)"}, {"window": "tumbling 1s"}, {"where": "x"}, {"by": ()}, {"delay": "9s"}, {"max_keys": 9}],
)
def test_identity_is_what_a_kpi_computes(change: dict[str, Any]) -> None:
    """Whatever changes the result changes the identity; an empty filter is none."""
    assert identity(replace(COUNT, **change)) != identity(COUNT)
    assert identity(replace(COUNT, tz="Asia/Kolkata")) != identity(COUNT)
    assert identity(replace(COUNT, where="", description="d", freshness="5s", good="up")) == identity(COUNT)


def finals(rows: list[Row]) -> list[Row]:
    """Those that stay, by KPI and in their order."""
    return sorted((row for row in rows if row.kind != "partial"), key=lambda row: row.kpi)


@pytest.mark.parametrize("between", [False, True])
def test_time_passes_in_steps_as_it_does_at_once(between: bool) -> None:
    """Each set of windows has a step, which says where its KPIs are; batches may come in between two of them."""
    engine, other = fed(SPECS, True), fed(SPECS, True)
    batches = [events(40 + number, 1) for number in range(3)] if between else []
    rows, marks = list[Row](), dict[str, int | None]()
    for number, changes in enumerate(engine.advancing(0)):
        rows += changes.rows
        assert set(changes.watermark).isdisjoint(marks)
        assert {row.kpi for row in changes.rows} <= set(changes.watermark)
        marks |= changes.watermark
        for batch in batches[number : number + 1]:
            engine.ingest(batch, 0)
    assert set(marks) == {spec.name for spec in SPECS}
    for batch in batches:
        other.ingest(batch, 0)
    expected = other.advance(0)
    if not between:
        assert sorted(rows, key=lambda row: row.kpi) == sorted(expected.rows, key=lambda row: row.kpi)
        assert marks == expected.watermark
    assert finals(rows + rest(engine)) == finals(expected.rows + rest(other))


def test_time_may_pass_while_an_engine_is_copied() -> None:
    """What was copied before says again what was handed out meanwhile; in the end all have said the same."""
    engine, other = fed(SPECS, True), fed(SPECS, True)
    freezing, told = engine.freezing(), list[Row]()
    while True:
        try:
            next(freezing)
        except StopIteration as end:
            copy = Engine.restore(SPECS, Snapshot.from_bytes(end.value().to_bytes()))
            break
        told += engine.advance(0).rows
    rows = other.advance(0).rows + rest(other)
    assert finals(told + rest(engine)) == finals(rows)
    again = rest(copy)
    assert {repr(row) for row in finals(again)} <= {repr(row) for row in finals(rows)}
    assert {repr(row) for row in finals(rows)} <= {repr(row) for row in finals(told + again)}
