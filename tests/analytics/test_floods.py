"""Input that would fill memory or upset time: everything stays bounded, totals stay exact, and it is counted."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from analytics import Batch, Engine, KpiSpec, Snapshot
from analytics.dictionary import MAX_ENTRIES

DAY = 86_400_000
TIMES: dict[str, Any] = {"window": "tumbling 1m", "delay": "2s", "grace": "10s"}


def batch(columns: dict[str, list[Any]], times: Any, source: str = "s") -> Batch:
    """Columns of one source."""
    made = np.asarray(times, np.int64)
    return Batch(len(made), made, columns, [(source, len(made))])


def test_a_million_distinct_names_and_users() -> None:
    """Dictionaries are emptied, keys go to `__other__`, counts stay exact and distinct counts within their error."""
    specs = [
        KpiSpec(name="events", value="count(*)", by=("event",), max_keys=50, **TIMES),
        KpiSpec(name="users", value="uniq(distinct_id)", **TIMES),
        KpiSpec(name="views", value="count(*) FILTER (WHERE event = 'view')", **TIMES),
        KpiSpec(name="pages", value="top(page, 3)", **TIMES),
    ]
    engine = Engine(specs)
    n, size = 200_000, 5_000
    for start in range(0, n, size):
        names = [f"e{i}" if i % 4 else "view" for i in range(start, start + size)]
        columns = {
            "event": names,
            "distinct_id": [f"user-{i}" for i in range(start, start + size)],
            "page": [f"/{i}" if i % 10 else "/" for i in range(start, start + size)],
        }
        assert engine.ingest(batch(columns, [1_000] * size), 0) == []
    rows = {(row.kpi, *row.dims.values()): row for row in engine.finish().rows}
    events = [row for key, row in rows.items() if key[0] == "events"]
    assert len(events) == 51
    assert sum(row.value for row in events) == n
    other = rows["events", "__other__"]
    distinct_others = n * 3 // 4 - 49
    assert other.keys == pytest.approx(distinct_others, rel=0.07)
    assert [row.keys for row in events if row is not other] == [None] * 50
    assert rows["users",].value == pytest.approx(n, rel=0.07)
    assert rows["users",].error == 0.016
    assert rows["views",].value == n // 4
    top = rows["pages",].value
    assert top["items"][0] == ["/", n // 10]
    assert top["bounds"][0][0] <= n // 10 <= top["bounds"][0][1]
    assert all(len(d) <= MAX_ENTRIES + 2 * size for d in engine._dictionaries.values())
    assert engine.stats()["dictionary_evictions"] > n
    assert len(engine.snapshot().to_bytes()) < 4 << 20


def test_an_emptied_dictionary_changes_no_result() -> None:
    """Codes change when a dictionary is emptied; keys, conditions, counts and tops do not."""
    specs = [
        KpiSpec(name="n", value="count(*)", by=("country", "event"), where="country LIKE 'c%'", **TIMES),
        KpiSpec(name="u", value="uniq(distinct_id)", by=("country",), **TIMES),
        KpiSpec(name="t", value="top(event, 3) FILTER (WHERE country IN ('c1', 'c2', 'x'))", **TIMES),
    ]
    calm, upset = Engine(specs), Engine(specs)
    for dictionary in upset._dictionaries.values():
        dictionary._max_entries = 3
    rng = random.Random(5)
    for _ in range(20):
        columns: dict[str, list[Any]] = {
            "event": [rng.choice(["a", "b", 1, True, None]) for _ in range(30)],
            "distinct_id": [f"u{rng.randrange(40)}" for _ in range(30)],
            "country": [rng.choice(["c1", "c2", "d", 5, None]) for _ in range(30)],
        }
        for engine in (calm, upset):
            engine.ingest(batch(columns, [1_000] * 30), 0)
            engine.advance(0)
    assert upset.stats()["dictionary_evictions"] > 0
    assert upset.finish() == calm.finish()
    assert upset.snapshot().to_bytes() == calm.snapshot().to_bytes()


def test_a_property_that_changes_its_type_is_defined_and_counted() -> None:
    """Numbers count as numbers, texts as texts; what a numeric use could not take is counted."""
    specs = [
        KpiSpec(name="sum", value="sum(x)", **TIMES),
        KpiSpec(name="big", value="count(*) FILTER (WHERE x > 1)", **TIMES),
        KpiSpec(name="text", value="count(*) FILTER (WHERE x = '2')", **TIMES),
        KpiSpec(name="kinds", value="count(*)", by=("x",), **TIMES),
    ]
    engine = Engine(specs)
    engine.ingest(batch({"x": [2, "2", True, [2], {"a": 1}, None, 2.0]}, [1_000] * 7), 0)
    rows = engine.finish().rows
    values = {row.kpi: row.value for row in rows if not row.dims}
    assert values == {"sum": 4.0, "big": 2, "text": 3}
    kinds = [(row.dims["x"], row.value) for row in rows if row.dims]
    assert kinds == [(None, 1), (True, 1), (2, 2), ("2", 1), ("[2]", 1), ('{"a":1}', 1)]
    assert engine.stats()["clashes"] == 4


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_clock_that_jumps_by_a_day(jump: int) -> None:
    """Forwards everything behind becomes final once; backwards events are late until time is reached again."""
    engine = Engine([KpiSpec(name="n", value="count(*)", **TIMES)])
    start = 10 * DAY
    engine.ingest(batch({}, [start + i * 1_000 for i in range(120)]), 0)
    late = engine.ingest(batch({}, [start + jump + i * 1_000 for i in range(120)]), 0)
    rows = [row for row in engine.advance(0).rows + engine.finish().rows if row.kind == "final"]
    assert len(late) == (120 if jump < 0 else 0)
    assert sum(row.value for row in rows) == 240 - len(late)
    assert len({row.start for row in rows}) == len(rows)


def test_a_source_that_lags_an_hour_holds_back_within_bounds() -> None:
    """One slow source keeps windows open as long as there is room; beyond it they close early, and all is counted."""
    engine = Engine(
        [KpiSpec(name="n", value="count(*)", by=("k",), max_keys=1_000, **TIMES | {"window": "tumbling 1s"})]
    )
    engine.ingest(batch({"k": ["a"]}, [0], "slow"), 0)
    for second in range(0, 3_600, 10):
        times = [second * 1_000 + i * 100 for i in range(100)]
        assert engine.ingest(batch({"k": ["a"] * 100}, times, "fast"), 0) == []
    stats = engine.stats()
    assert stats["closed_early"] > 3_000
    assert stats["open_panes"] < 100
    total = sum(row.value for row in engine.advance(0).rows + engine.finish().rows if row.kind != "partial")
    assert total == 36_001


def test_what_is_kept_of_a_full_set_fits_a_restart() -> None:
    """With every key and pane in use, state goes through bytes and back unchanged."""
    specs = [
        KpiSpec(name="u", value="uniq(distinct_id)", by=("k",), max_keys=200, **TIMES),
        KpiSpec(name="t", value="top(distinct_id, 2)", by=("k",), max_keys=200, **TIMES),
        KpiSpec(name="s", value="sum(v)", by=("k",), max_keys=200, **TIMES),
    ]
    engine, rng = Engine(specs), random.Random(2)
    for minute in range(30):
        n = 3_000
        columns: dict[str, list[Any]] = {
            "k": [f"k{rng.randrange(300)}" for _ in range(n)],
            "distinct_id": [f"u{int(rng.paretovariate(0.5)) % 5_000}" for _ in range(n)],
            "v": [rng.choice([0.1, 1e300, 1e-300, -5]) for _ in range(n)],
        }
        engine.ingest(batch(columns, [minute * 60_000 + rng.randrange(60_000) for _ in range(n)]), 0)
    state = engine.snapshot().to_bytes()
    again = Engine.restore(specs, Snapshot.from_bytes(state))
    assert again.snapshot().to_bytes() == state
    assert again.finish() == engine.finish()


def test_a_batch_of_any_size_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that is cut inside gives the rows and the verdicts of one that is not."""
    spec = KpiSpec(name="n", value="uniq(x)", by=("y",), **TIMES | {"grace": "0s"})
    whole, cut = Engine([spec]), Engine([spec])
    rng = random.Random(8)
    n = 500
    columns: dict[str, list[Any]] = {
        "x": [rng.randrange(9) for _ in range(n)],
        "y": [rng.randrange(3) for _ in range(n)],
    }
    times = np.array([rng.randrange(400_000) for _ in range(n)], np.int64)
    holds = np.array([rng.random() < 0.2 for _ in range(n)])
    skip = np.array([rng.random() < 0.2 for _ in range(n)])
    made = Batch(n, times, columns, [("a", 200), ("b", 0), ("c", 299), ("a", 1)], holds, skip)
    verdicts = whole.ingest(made, 0)
    monkeypatch.setattr("analytics.engine.MAX_BATCH", 33)
    assert cut.ingest(made, 0) == verdicts
    assert len(verdicts) > 50
    assert cut.snapshot().to_bytes() == whole.snapshot().to_bytes()
    assert cut.finish() == whole.finish()


SEEDED = """
import hashlib, random
from analytics import Batch, Engine, KpiSpec
specs = KpiSpec.default()
engine, rng = Engine(specs), random.Random(4)
for i in range(5):
    events = [
        {
            "event": rng.choice(["$pageview", "purchase", "$exception", "x"]),
            "timestamp": i * 20_000 + rng.randrange(30_000),
            "distinct_id": f"u{rng.randrange(900)}",
            "session_id": f"s{rng.randrange(90)}",
            "properties": {"value": rng.random(), "$pathname": f"/{rng.randrange(50)}", "$browser": rng.choice("abc")},
        }
        for _ in range(1_000)
    ]
    engine.ingest(Batch.from_events(events), 0)
    rows = engine.advance(0).rows
    print(hashlib.sha256(repr(rows).encode() + engine.snapshot().to_bytes()).hexdigest())
"""


def test_state_and_rows_do_not_depend_on_the_process() -> None:
    """Two processes with different hash seeds make the same rows and the same bytes."""
    printed = [
        subprocess.run(
            [sys.executable, "-c", SEEDED], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(set(printed[0].split())) == 5


VALUES = ["count(*)", "sum(x)", "max(x)", "uniq(u)", "quantile(x, 0.9)", "top(u, 3)",
          "funnel(event = 'a', event = 'b', within => '5s')"]  # fmt: skip
WINDOWS = ["tumbling 10s", "sliding 10s every 1s", "cumulative 1d every 1m", "session 5s"]
SHAPES = [(value, window) for value in VALUES for window in WINDOWS]


@pytest.mark.parametrize(
    ("value", "window"),
    [*SHAPES, ("sessions()", "tumbling 10s"), ("retention(event = 'a', event = 'b')", "tumbling 1d")],
)
def test_no_object_is_left_of_an_event(value: str, window: str) -> None:
    """After a flush of twenty thousand events of known keys and users there are as many Python objects as before."""
    engine = Engine([KpiSpec("k", value, window, by=("u",), delay="20s", grace="10s")])

    def flush(rounds: int) -> int:
        for _ in range(rounds):
            names = [f"u{i % 50}" for i in range(1_000)]
            columns: dict[str, list[Any]] = {
                "u": names,
                "distinct_id": names,
                "x": [float(i % 70) for i in range(1_000)],
                "event": ["ab"[i % 2] for i in range(1_000)],
            }
            engine.ingest(batch(columns, DAY + np.arange(1_000) * 10), 0)
        engine.advance(0)
        gc.collect()
        return len(gc.get_objects()) + sys.getallocatedblocks()

    flush(5)
    before = flush(1)
    assert flush(20) - before < 1_000
