"""The pool of batches and its wire frames."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.traffic import BATCH_EVENTS, FIRST_SEQ, MASK, FramePool, make_pool, masked_frame
from tests.client_sdk.model import rows_of


def read(frame: memoryview | bytes) -> Any:
    """The message in a masked text frame of two-byte length."""
    data = bytes(frame)
    assert data[:2] == bytes([0x81, 0xFE])
    assert int.from_bytes(data[2:4], "big") == len(data) - 8
    key, payload = data[4:8], data[8:]
    return json.loads(bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)))


def test_equal_seeds_give_equal_pools() -> None:
    """Model and driver make the same pool in different processes."""
    assert make_pool(4, 7) == make_pool(4, 7)
    assert make_pool(4, 7) != make_pool(4, 8)


def test_a_frame_is_the_batch_of_the_pool_with_its_seq_and_stamp() -> None:
    """What a server decodes is what the model counts."""
    batches = make_pool(3, 1)
    pool = FramePool(batches)
    pool.stamp(1_795_334_400_123)
    for index, batch in enumerate(batches):
        message = read(pool.frame(index, FIRST_SEQ + 41))
        events = message.pop("events")
        assert message == {"type": "batch", "seq": 10_000_042, "sent_at": 1_795_334_400_123, "backlog": 0}
        assert events == [
            {
                "event": one.event,
                "timestamp": 1_795_334_400_123 - one.age,
                "distinct_id": one.user,
                "properties": {"country": one.country, "value": one.value, "$pathname": one.path},
            }
            for one in batch
        ]


def test_columns_are_the_same_events() -> None:
    """Whatever the form, the model counts one pool; a new stamp moves the origin of all times."""
    batches = make_pool(3, 1)
    pool = FramePool(batches, "columns")
    for now in (1_799_999_999_999, 1_800_000_000_000):
        pool.stamp(now)
        for index, batch in enumerate(batches):
            rows = rows_of(read(pool.frame(index, FIRST_SEQ + 41)))
            assert (rows["seq"], rows["sent_at"], rows["backlog"]) == (10_000_042, now, 0)
            assert rows["events"] == [
                {
                    "event": one.event,
                    "timestamp": now - one.age,
                    "distinct_id": one.user,
                    "properties": {"country": one.country, "value": one.value, "$pathname": one.path},
                }
                for one in batch
            ]


def test_a_later_stamp_replaces_all_of_the_earlier_one() -> None:
    """A carry through every digit reaches sent_at and each timestamp."""
    batches = make_pool(1, 1)
    pool = FramePool(batches)
    for now in (1_799_999_999_999, 1_800_000_000_000):
        pool.stamp(now)
        message = read(pool.frame(0, FIRST_SEQ))
        assert message["sent_at"] == now
        assert [event["timestamp"] for event in message["events"]] == [now - one.age for one in batches[0]]


def test_the_frame_has_the_size_that_the_figures_are_quoted_for() -> None:
    """Twenty events of about 126 bytes make about 2.6 KB."""
    pool = FramePool(make_pool(128, 1))
    mean = sum(pool.payload_bytes) / len(pool)
    assert BATCH_EVENTS == 20
    assert 2_500 < mean < 2_700
    assert pool.payload_bytes == [len(frame) - 8 for frame in pool.frames]


@pytest.mark.parametrize(("length", "head"), [(0, 6), (125, 6), (126, 8), (65_535, 8)])
def test_a_masked_frame_has_the_shortest_header(length: int, head: int) -> None:
    """RFC 6455 wants the minimal length form; clients mask."""
    frame = masked_frame(b"x" * length, 2)
    assert len(frame) == head + length
    assert frame[0] == 0x82
    assert frame[1] & 0x80
    assert set(frame[head:]) <= {ord("x") ^ MASK}
