"""Steps, the ring, snapshots: encoded once, continuous for everyone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Row
from gateway.core.topic import PART_BYTES, RING_STEPS, Topic, encode_row, matches


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


def test_a_snapshot_is_read_once_a_version() -> None:
    """The second viewer shares the rows; a step makes them stale."""
    topic = topic_of()
    reads: list[int] = []

    def read() -> list[Row]:
        reads.append(1)
        return [row(0, 5)]

    first, second = topic.snapshot(1, 300_000, read), topic.snapshot(2, 300_000, read)
    assert len(reads) == 1
    assert decode(first[0])["rows"] == decode(second[0])["rows"]
    topic.step([], None)
    topic.snapshot(1, 300_000, read)
    assert len(reads) == 2


def test_a_large_snapshot_goes_in_parts() -> None:
    """Each part is small; together they are all rows."""
    rows = [row(i * 1000, "v" * 500) for i in range(600)]
    frames = topic_of().snapshot(1, 1, lambda: rows)
    messages = [decode(frame) for frame in frames]
    assert [m["part"] for m in messages] == list(range(1, len(frames) + 1))
    assert {m["parts"] for m in messages} == {len(frames)}
    assert len(frames) > 1
    assert max(map(len, frames)) <= PART_BYTES + 1_000
    assert [r["start"] for m in messages for r in m["rows"]] == [r.start for r in rows]


def test_an_empty_snapshot_is_a_snapshot() -> None:
    """No rows, and no parts."""
    (frame,) = topic_of().snapshot(1, 1, list)
    message = decode(frame)
    assert (message["rows"], message["offset"], "part" in message) == ([], 0, False)


@pytest.mark.parametrize(
    ("where", "expected"), [(None, True), ({"country": "DE"}, True), ({"country": "FR"}, False), ({"x": None}, True)]
)
def test_where_compares_dimensions(where: Any, expected: bool) -> None:
    """A dimension that the row does not have is NULL."""
    assert matches(row(0, 1), where) is expected


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
