"""State of session windows in a snapshot."""

from __future__ import annotations

import pytest

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


VALUES = {
    "n": "count(*)",
    "total": "sum(price)",
    "least": "min(price)",
    "pages": "uniq(page)",
    "median": "quantile(price, 0.5)",
    "top": "top(page, 2)",
    "steps": "funnel(page = '/0', page = '/1', within => '5s')",
}


@pytest.mark.parametrize("value", VALUES)
def test_the_bytes_do_not_tell_how_events_came(value: str) -> None:
    """Sessions that were closed earlier leave their cells and keys to others; a snapshot has an order of its own."""
    spec = KpiSpec(value, VALUES[value], "session 3s", by=("shop",), delay="0s", grace="1s", max_keys=50)
    shops = ["z", "y", None, True, 2, "a", "y", "a", "a", True, "y"]
    times = [0, 100, 50_000, 50_001, 50_002, 50_003, 50_100, 50_200, 50_300, 50_400, 54_000]
    prices = [1e300, 1.5, 1e-300, 2.5, None, 1e300, 1e300, -4.0, 1e-300, 1e300, 7.0]
    events = [
        {
            "event": "x",
            "distinct_id": f"u{i % 3}",
            "timestamp": time,
            "properties": {"shop": shop, "price": price, "page": f"/{i % 4}"},
        }
        for i, (shop, time, price) in enumerate(zip(shops, times, prices, strict=True))
    ]
    states = []
    for size in (1, 2, 5, len(events)):
        engine = Engine([spec])
        for at in range(0, len(events), size):
            engine.ingest(Batch.from_events(events[at : at + size]), 0)
            engine.stats()  # reads the state: what is due is closed
        states.append(engine.snapshot().to_bytes())
        restored = Engine.restore([spec], Snapshot.from_bytes(states[-1]))
        assert restored.snapshot().to_bytes() == states[-1]
        assert restored.finish() == engine.finish()
    assert states == states[:1] * len(states)


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
