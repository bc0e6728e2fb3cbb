"""State of session windows in a snapshot."""

from __future__ import annotations

from analytics import Batch, Engine, KpiSpec, Snapshot

SPECS = [
    KpiSpec(name="n", value="count(*)", window="session 3s", delay="0s", max_keys=50),
    KpiSpec(name="t", value="top(page, 2)", window="session 3s", delay="0s", max_keys=50),
]


def batch(*events: tuple[str | None, int]) -> Batch:
    """Events of users at times."""
    made = [{"event": "x", "distinct_id": u, "timestamp": t, "properties": {"page": "/é"}} for u, t in events]
    return Batch.from_events(made)


def test_open_closed_and_pending_rows_survive() -> None:
    """Snapshots of the restored engine are byte-identical, and it goes on with the same rows."""
    engine = Engine(SPECS)
    engine.ingest(batch(("a", 0), (None, 1_000), ("a", 700_000)), 0)
    engine.advance(0)
    engine.ingest(batch(("b", 701_000), ("a", 710_000)), 0)
    state = engine.snapshot().to_bytes()
    restored = Engine.restore(SPECS, Snapshot.from_bytes(state))
    assert restored.snapshot().to_bytes() == state
    for each in (engine, restored):
        each.ingest(batch(("a", 703_500), ("b", 699_000)), 0)
    assert restored.advance(0) == engine.advance(0)
    assert restored.finish() == engine.finish()
    for spec in SPECS:
        assert restored.rows(spec.name, 0, 10**7) == engine.rows(spec.name, 0, 10**7)


def test_a_kpi_that_changed_starts_empty() -> None:
    """Another gap is another KPI; the one beside it goes on."""
    engine = Engine(SPECS)
    engine.ingest(batch(("a", 0)), 0)
    changed = [SPECS[0], KpiSpec(name="t", value="top(page, 2)", window="session 4s", delay="0s", max_keys=50)]
    restored = Engine.restore(changed, engine.snapshot())
    assert [(row.kpi, row.value) for row in restored.finish().rows] == [("n", 1)]


def test_a_snapshot_without_sessions_is_taken() -> None:
    """What an engine without session windows wrote is read, and the new KPIs start empty."""
    old = [KpiSpec(name="views", value="count(*)", window="tumbling 1s", delay="0s")]
    engine = Engine(old)
    engine.ingest(batch(("a", 0)), 0)
    restored = Engine.restore([*old, *SPECS], Snapshot.from_bytes(engine.snapshot().to_bytes()))
    assert [(row.kpi, row.value) for row in restored.finish().rows] == [("views", 1)]
