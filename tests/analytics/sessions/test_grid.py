"""Session windows against the model: lateness, bridges, retractions, batch splits, order of arrival, restarts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec, Row, Snapshot
from analytics.sessions.grid import SessionGrid
from tests.analytics.measures.test_measure import size_of
from tests.analytics.model import VALUES, same
from tests.analytics.sessions.model import SessionModel
from tests.analytics.streams import EVENTS, SOURCES, Stream, batch, key_of, pieces, views

# Whole seconds, so that gaps are often exactly equal.
MOMENTS = st.integers(0, 40).map(lambda second: second * 1_000)
STREAMS = st.lists(
    st.tuples(st.builds(lambda event, time: event | {"timestamp": time}, EVENTS, MOMENTS), SOURCES),
    min_size=1,
    max_size=60,
)
CUTS = st.lists(st.integers(0, 60), max_size=6)
GAPS = st.sampled_from([1, 1_000, 2_000, 3_500, 9_000])
TIMES = st.sampled_from([0, 1_000, 2_500, 8_000])
# The session at 4 s is closed by the event at 16 s, which comes in the same batch; one that is at 5 s still takes
# events, but none that would have it begin where the closed one does.
A_START_THAT_IS_TAKEN = views((4_000, "s"), (16_000, "s"), (5_000, "s"), (4_000, "s"))


def sort_key(row: tuple[Any, ...]) -> Any:
    return (row[0], repr(row[2]), row[5], row[4], row[1])


def told(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Rows as the model has them."""
    return [(row.start, row.end, key_of(row), row.value, row.kind, row.rev) for row in rows]


def assert_rows(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    """Equal as sets of rows, a null equal to a NaN of the model."""
    found, expected = sorted(found, key=sort_key), sorted(expected, key=sort_key)
    assert [(*row[:3], *row[4:]) for row in found] == [(*row[:3], *row[4:]) for row in expected]
    for got, want in zip(found, expected, strict=True):
        assert same(got[3], want[3]) or abs(got[3] - want[3]) <= 1e-12 * abs(want[3]), (got, want)


def a_kpi(value: str, gap: int, delay: int, grace: int, by: str | None = None, **more: Any) -> KpiSpec:
    return KpiSpec(
        name="k",
        value=value,
        window=f"session {gap}ms",
        delay=f"{delay}ms",
        grace=f"{grace}ms",
        by=(by,) if by else (),
        max_keys=300,
        **more,
    )


@given(STREAMS, CUTS, GAPS, TIMES, TIMES, st.sampled_from(sorted(VALUES)), st.sampled_from([None, "country"]))
@example(A_START_THAT_IS_TAKEN, [], 3_500, 0, 8_000, "count(*)", "country")
def test_rows_equal_the_model(
    stream: Stream, cuts: list[int], gap: int, delay: int, grace: int, value: str, by: str | None
) -> None:
    """For any stream, all rows, late events and the history are those of the event-by-event model."""
    engine, model = Engine([a_kpi(value, gap, delay, grace, by)]), SessionModel(VALUES[value], gap, delay, grace, by)
    late, at = [], 0
    for piece in pieces(stream, cuts):
        late += [at + verdict.index for verdict in engine.ingest(batch(piece), 0)]
        at += len(piece)
        for event, source in piece:
            model.add(event, source)
        assert_rows(told(engine.advance(0).rows), model.advance())
        assert_rows(told(engine.rows("k", -(10**6), 10**6)), model.known())
        assert engine.watermark() == model.watermark
    assert late == model.late
    assert_rows(told(engine.finish().rows), model.finish())
    assert_rows(told(engine.rows("k", -(10**6), 10**6)), model.known())
    assert engine.stats()["open_sessions"] == 0


def board(gap: int, delay: int, grace: int) -> list[KpiSpec]:
    """Every value of the model, half of them with a dimension and a condition."""
    specs = []
    for i, value in enumerate(sorted(VALUES)):
        more: dict[str, Any] = {"by": ("country", "page"), "where": "event = 'buy' OR price > 0"} if i % 2 else {}
        times: dict[str, Any] = {
            "window": f"session {gap}ms",
            "max_keys": 300,
            "delay": f"{delay}ms",
            "grace": f"{grace}ms",
        }
        specs.append(KpiSpec(name=f"k{i}", value=value, **times, **more))
    return specs


@given(STREAMS, CUTS, CUTS, GAPS, TIMES, TIMES)
def test_a_batch_split_changes_nothing(
    stream: Stream, cuts: list[int], others: list[int], gap: int, delay: int, grace: int
) -> None:
    """However a stream is cut into batches, the rows of the next advance are the same, and so is the history."""
    specs = board(gap, delay, grace)
    one, other = Engine(specs), Engine(specs)
    for engine, places in ((one, cuts), (other, others)):
        for piece in pieces(stream, places):
            engine.ingest(batch(piece), 0)
    assert one.advance(0) == other.advance(0)
    assert one.finish() == other.finish()
    assert one.stats() == other.stats()
    for spec in specs:
        assert one.rows(spec.name, -(10**6), 10**6) == other.rows(spec.name, -(10**6), 10**6)


@given(STREAMS, CUTS, GAPS, TIMES, TIMES, st.booleans())
def test_a_restart_at_any_event_changes_nothing(
    stream: Stream, cuts: list[int], gap: int, delay: int, grace: int, published: bool
) -> None:
    """An engine that is restored after every batch has the state and the rows of one that never stopped."""
    specs = board(gap, delay, grace)
    steady, restarted = Engine(specs), Engine(specs)
    for piece in pieces(stream, cuts):
        assert restarted.ingest(batch(piece), 0) == steady.ingest(batch(piece), 0)
        if published:
            assert restarted.advance(0) == steady.advance(0)
        state = restarted.snapshot().to_bytes()
        assert state == steady.snapshot().to_bytes()
        restarted = Engine.restore(specs, Snapshot.from_bytes(state))
        assert restarted.snapshot().to_bytes() == state
    assert restarted.finish() == steady.finish()
    for spec in specs:
        assert restarted.rows(spec.name, -(10**6), 10**6) == steady.rows(spec.name, -(10**6), 10**6)


@given(STREAMS, st.randoms(use_true_random=False), GAPS)
def test_any_order_within_delay_and_grace_ends_in_the_same_rows(stream: Stream, random: Any, gap: int) -> None:
    """Nothing is late while the disorder is within delay + grace, and what is not retracted is the same."""
    specs = board(gap, 8_000, 40_000)
    shuffled = list(stream)
    random.shuffle(shuffled)
    ends = []
    for order in (stream, shuffled):
        engine = Engine(specs)
        shown: dict[Any, Any] = {}
        finals: dict[Any, int] = {}
        rows = []
        for piece in pieces(order, [7, 20, 33]):
            assert engine.ingest(batch(piece), 0) == []
            rows += engine.advance(0).rows
        for row in rows + engine.finish().rows:
            identity = (row.kpi, tuple(map(repr, row.dims.values())), row.start)
            if row.kind == "retract":
                assert row.value is None
                assert identity in shown
                del shown[identity]
                finals.pop(identity, None)
            else:
                shown[identity] = (row.end, row.value)
                finals[identity] = finals.get(identity, 0) + (row.kind == "final")
        assert all(count == 1 for count in finals.values())
        ends.append(shown)
    assert ends[0] == ends[1]


def events(*found: tuple[str, int]) -> Any:
    """One batch of events of users at times."""
    return batch(
        [({"event": "x", "distinct_id": user, "timestamp": time, "properties": {}}, "s") for user, time in found]
    )


def test_final_is_beyond_the_end_and_closed_at_end_and_grace() -> None:
    """At the end itself a session is still partial; at end + grace it takes nothing more."""
    engine = Engine([a_kpi("count(*)", 5_000, 0, 2_000)])
    engine.ingest(events(("a", 0), ("b", 5_000)), 0)
    assert [row.kind for row in engine.advance(0).rows] == ["partial", "partial"]
    engine.ingest(events(("b", 5_001)), 0)
    assert [(row.kind, row.end) for row in engine.advance(0).rows] == [("final", 5_000), ("partial", 10_001)]
    engine.ingest(events(("b", 6_999)), 0)
    assert engine.ingest(events(("a", 0)), 0) == []
    engine.ingest(events(("b", 7_000)), 0)
    assert [verdict.outcome for verdict in engine.ingest(events(("a", 0)), 0)] == ["drop"]


def test_a_session_that_ends_inside_a_long_batch_is_closed_to_an_event_at_its_end() -> None:
    """As event by event: without grace, the watermark closes it just before; another at the watermark goes on."""
    for grouped in (True, False):
        engine = Engine([a_kpi("count(*)", 5_000, 0, 0)])
        stream = [("a", 0), ("c", 4_000), ("b", 5_000), ("a", 5_000), ("c", 5_000), ("b", 30_000), ("a", 30_000)]
        for piece in [stream] if grouped else [[event] for event in stream]:
            assert engine.ingest(events(*piece), 0) == []
        rows = [(row[2][1], row[0], row[3]) for row in told(engine.finish().rows)]
        assert sorted(rows) == [
            ("a", 0, 1),
            ("a", 5_000, 1),
            ("a", 30_000, 1),
            ("b", 5_000, 1),
            ("b", 30_000, 1),
            ("c", 4_000, 2),
        ]


def test_bytes_stay_within_the_plan() -> None:
    """Flooded with keys of three texts each, open sessions, their keys, rows and aggregates take what was computed."""
    by = ("user", "page", "query")
    values = ("count(*)", "sum(v) / uniq(page)", "top(page, 3)", "quantile(v, 0.5)")
    engine = Engine(
        [
            KpiSpec(name=f"k{i}", value=value, by=by, window="session 1h", max_keys=1_500)
            for i, value in enumerate(values)
        ]
    )
    for start in range(0, 20_000, 1_000):
        made = [{name: f"{name} {i} {'x' * 30}" for name in by} | {"v": i * 1e-3} for i in range(start, start + 1_000)]
        engine.ingest(Batch.from_events([{"event": "x", "timestamp": m["v"], "properties": m} for m in made]), 0)
        engine.advance(0)
    [grid] = engine._grids
    assert isinstance(grid, SessionGrid)
    assert engine.stats()["open_sessions"] == 1_500
    grid.keys._dictionaries.clear()
    assert size_of([grid.keys, grid.table, grid.speaker.said, grid.speaker.books, grid.cells]) <= grid.plan.budget
    assert size_of(grid.speaker.books) <= sum(grid.plan.session_book(kpi) for kpi in grid.plan.kpis)


def test_sessions_that_are_over_make_room() -> None:
    """However long nobody asks for rows: none is closed early, and each is said once."""
    kpi = KpiSpec(
        name="k", value="count(*)", window="session 1s", delay="0s", grace="0s", by=("distinct_id",), max_keys=2
    )
    engine = Engine([kpi])
    for second in range(0, 60, 3):
        engine.ingest(Batch.from_events([{"distinct_id": f"u{second}", "event": "e", "timestamp": second * 1_000}]), 0)
    assert engine.stats()["closed_early"] == 0
    rows = engine.settled().rows
    assert [(row.start, row.end, row.kind) for row in rows] == [
        (second * 1_000, second * 1_000 + 1_000, "final") for second in range(0, 57, 3)
    ]
