"""Steps, the ring, snapshots: encoded once, continuous for everyone."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from analytics import Batch, Engine, KpiSpec, Row
from gateway.core.encoding import encode_row
from gateway.core.rendering import PIECE_ROWS, Rendering
from gateway.core.topic import DELTA_BYTES, KEPT_STEPS, RENDERINGS, RING_BYTES, RING_STEPS, Topic


def row(start: int, value: Any, country: str = "DE", kind: str = "partial") -> Row:
    return Row("k", {"country": country}, start, start + 1_000, value, kind, 0)


def topic_of(where: Any = None) -> Topic:
    return Topic("k", where, b'{"name":"k"}', "e1", lambda payload: payload)


def decode(frame: bytes | None) -> dict[str, Any]:
    assert frame is not None
    result: dict[str, Any] = orjson.loads(frame)
    return result


def test_a_step_is_a_delta_from_the_version_before() -> None:
    """prev, offset, watermark and the rows."""
    topic = topic_of()
    topic.step([encode_row(row(0, 5))], watermark=99)
    message = decode(topic.delta(7, 0))
    assert (message["id"], message["prev"], message["offset"], message["watermark"]) == (7, 0, 1, 99)
    assert message["set"] == [
        {"dims": {"country": "DE"}, "start": 0, "end": 1000, "value": 5, "kind": "partial", "rev": 0}
    ]
    assert message["del"] == []


def test_several_steps_are_conflated() -> None:
    """The latest row of each identity, once."""
    topic = topic_of()
    for value in (1, 2, 3):
        topic.step([encode_row(row(0, value)), encode_row(row(value * 1000, value))], None)
    message = decode(topic.delta(1, 0))
    assert (message["prev"], message["offset"]) == (0, 3)
    assert [(r["start"], r["value"]) for r in message["set"]] == [(0, 3), (1000, 1), (2000, 2), (3000, 3)]


def test_steps_that_share_a_start_are_conflated_by_their_end() -> None:
    """Of cumulative windows two ends are two rows, and the latest row of each counts."""
    topic = topic_of()
    for end, value in ((60, 1), (120, 2), (60, 3)):
        topic.step([encode_row(Row("k", {}, 0, end, value, "partial", 0), by_end=True)], None)
    assert [(r["end"], r["value"]) for r in decode(topic.delta(1, 0))["set"]] == [(60, 3), (120, 2)]


def test_the_head_has_an_empty_delta() -> None:
    """Who is at the head is told so."""
    topic = topic_of()
    topic.step([encode_row(row(0, 5))], 1)
    message = decode(topic.delta(1, 1))
    assert (message["prev"], message["offset"], message["set"]) == (1, 1, [])


def test_equal_places_share_their_bytes() -> None:
    """Two viewers with the same subscription id get the same object."""
    topic = topic_of()
    topic.step([encode_row(row(0, 5))], 1)
    assert topic.delta(1, 0) is topic.delta(1, 0)
    assert decode(topic.delta(2, 0))["id"] == 2


def test_out_of_reach_is_said() -> None:
    """Beyond the ring, and for places that never were, there is no delta."""
    topic = topic_of()
    for value in range(RING_STEPS + 5):
        topic.step([encode_row(row(0, value))], None)
    assert topic.delta(1, 4) is None
    assert topic.delta(1, 5) is not None
    assert topic.delta(1, 999) is None


def test_the_ring_is_bounded_in_bytes() -> None:
    """Large rows push old steps out before there are 64."""
    topic = topic_of()
    for _ in range(10):
        topic.step([encode_row(row(0, "x" * 100_000))], None)
    assert topic.delta(1, 5) is None
    assert topic.delta(1, 9) is not None


def test_a_retraction_goes_into_del() -> None:
    """The row that stopped being true is named by dims and start."""
    topic = topic_of()
    topic.step([encode_row(row(0, None, kind="retract")), encode_row(row(1000, 2))], None)
    message = decode(topic.delta(1, 0))
    assert (message["del"], [r["start"] for r in message["set"]]) == ([[{"country": "DE"}, 0]], [1000])


def test_sessions_that_become_one_leave_one_row_with_the_viewer() -> None:
    """A late event connects two sessions: the newer row is in `del`, the older one in `set`, the snapshot has one."""
    engine = Engine([KpiSpec(name="k", value="count(*)", window="session 3s", delay="0s", grace="1m", max_keys=9)])
    topic = topic_of()
    for times in ([0, 6_000], [3_000]):
        made = [{"event": "x", "distinct_id": "a", "timestamp": time} for time in times]
        engine.ingest(Batch.from_events(made), 0)
        topic.step([encode_row(row) for row in engine.advance(0).rows], None)
    message = decode(topic.delta(1, 1))
    assert message["del"] == [[{"distinct_id": "a"}, 6_000]]
    assert [(row["start"], row["end"], row["value"], row["kind"]) for row in message["set"]] == [
        (0, 9_000, 3, "correction")
    ]
    assert [row.start for row in engine.rows("k", 0, 10_000)] == [0]


def test_the_newest_steps_stay_however_large() -> None:
    """Who follows closely gets deltas of a KPI whose every step is larger than the ring; older steps go."""
    topic = topic_of()
    for value in range(6):
        topic.step([encode_row(row(0, f"{value}" + "x" * (RING_BYTES + 1)))], None)
    assert decode(topic.delta(1, 5))["set"][0]["value"][0] == "5"
    assert topic.delta(1, 6 - KEPT_STEPS) is not None
    assert topic.delta(1, 5 - KEPT_STEPS) is None


def test_a_step_that_is_too_large_for_a_frame_is_not_kept() -> None:
    """It goes in the parts of a snapshot, and the steps behind it are deltas again."""
    topic = topic_of()
    topic.step([encode_row(row(0, "x" * DELTA_BYTES))], None)
    assert topic.delta(1, 0) is None
    topic.step([encode_row(row(0, 1))], None)
    assert topic.delta(1, 1) is not None


def test_shared_frames_are_bounded() -> None:
    """Viewers may choose as many ids as they like: frames are made again rather than kept without end."""
    topic = topic_of()
    topic.step([encode_row(row(0, "x" * 1_000_000))], None)
    kept = [topic.delta(id_, 0) for id_ in range(6)]
    assert topic.delta(5, 0) is kept[5]
    again = topic.delta(0, 0)
    assert again is not kept[0]
    assert again == kept[0]


def done(rendering: Rendering | None) -> Rendering:
    assert rendering is not None
    assert rendering.done
    return rendering


def rows_of(rendering: Rendering, id_: int = 1) -> list[dict[str, Any]]:
    return [one for make in rendering.frames(id_) for one in decode(make())["rows"]]


def test_a_snapshot_is_read_once_a_version() -> None:
    """The second viewer shares the rows; a step makes them stale."""
    topic = topic_of()
    reads: list[int] = []

    def read() -> list[Row]:
        reads.append(1)
        return [row(0, 5)]

    first, second = topic.snapshot(300_000, read), topic.snapshot(300_000, read)
    assert len(reads) == 1
    assert first is second
    topic.step([], None)
    assert done(topic.snapshot(300_000, read)).version == 1
    assert len(reads) == 2


def test_a_large_snapshot_is_made_piece_by_piece() -> None:
    """It is of the version it was begun at, whatever steps come meanwhile, and who comes later joins it."""
    topic = topic_of()
    waiting = topic.snapshot(1, lambda: [row(i * 1000, i) for i in range(3 * PIECE_ROWS)])
    assert waiting is not None
    assert not waiting.done
    topic.step([], 7)
    assert topic.work()
    assert topic.snapshot(1, list) is waiting
    while topic.work():
        pass
    assert (done(waiting).version, len(rows_of(waiting))) == (0, 3 * PIECE_ROWS)
    assert rows_of(done(topic.snapshot(1, list))) == [], "a new one is begun for the new version"


def test_snapshots_under_way_are_bounded() -> None:
    """Who asks for one more length of history waits; one that is done makes room."""
    topic = topic_of()
    many = [row(i * 1000, i) for i in range(2 * PIECE_ROWS)]
    for last_ms in range(RENDERINGS):
        assert topic.snapshot(last_ms, lambda: many) is not None
    assert topic.snapshot(99, lambda: many) is None
    while topic.work():
        pass
    assert topic.snapshot(99, lambda: many) is not None


def test_another_definition_ends_what_is_under_way() -> None:
    """Rows of the old one are not shown under the new."""
    topic = topic_of()
    topic.snapshot(1, lambda: [row(i * 1000, i) for i in range(2 * PIECE_ROWS)])
    topic.redefine(b'{"name":"new"}')
    assert not topic.work()
    (make,) = done(topic.snapshot(1, list)).frames(1)
    assert decode(make())["meta"] == {"name": "new"}


VIEWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=30)


@given(st.lists(VIEWS, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_whoever_follows_ends_with_the_latest_rows(steps: list[list[tuple[int, int]]], looks: list[bool]) -> None:
    """A viewer that looks at any steps it likes ends with the state of one that saw them all."""
    topic = topic_of()
    truth: dict[int, int] = {}
    seen: dict[int, int] = {}
    offset = 0
    for step, look in zip(steps, looks, strict=False):
        truth |= dict(step)
        topic.step([encode_row(row(start * 1000, value)) for start, value in step], None)
        if look:
            message = decode(topic.delta(1, offset))
            assert message["prev"] == offset
            seen |= {r["start"] // 1000: r["value"] for r in message["set"]}
            offset = message["offset"]
    message = decode(topic.delta(1, offset))
    seen |= {r["start"] // 1000: r["value"] for r in message["set"]}
    assert seen == truth
