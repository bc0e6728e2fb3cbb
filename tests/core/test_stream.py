"""A stream of events: steps, a bounded ring, and a hole that is told."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.core.match import Matcher
from gateway.core.outgoing import Outgoing
from gateway.core.stream import QUIET_MS, RING_BYTES, RING_EVENTS, SHARED_BYTES, Stream
from gateway.core.subscription import Subscription
from gateway.core.viewer import ViewerLimits, ViewerSession
from gateway.wire.messages import From, Match
from tests.core.test_viewer import FakePeer


def stream_of(version: int = 5) -> Stream:
    return Stream(Matcher(Match()), 50, "e1", lambda payload: payload + b"\n", version, 0)


def step(stream: Stream, *events: int, size: int = 0, now: int = 0) -> None:
    for event in events:
        stream.show(b'{"n":%d,"x":"%b"}' % (event, b"x" * size))
    stream.seen += 10
    stream.looked += 8
    stream.matched += len(events)
    stream.step(now)


def delta(stream: Stream, prev: int) -> dict[str, Any] | None:
    frame = stream.delta(7, prev)
    return None if frame is None else orjson.loads(frame)


def test_steps_are_told_since_the_offset() -> None:
    """Their events in order, and their counts added up."""
    stream = stream_of()
    step(stream, 1, 2)
    step(stream, 3)
    message = delta(stream, 5)
    assert message is not None
    assert [event["n"] for event in message["events"]] == [1, 2, 3]
    assert {k: message[k] for k in ("id", "prev", "offset", "epoch", "recovered", "seen", "looked", "matched")} == {
        "id": 7, "prev": 5, "offset": 7, "epoch": "e1", "recovered": True, "seen": 20, "looked": 16, "matched": 3,
    }  # fmt: skip
    later = delta(stream, 6)
    assert later is not None
    assert [event["n"] for event in later["events"]] == [3]
    head = delta(stream, 7)
    assert head is not None
    assert (head["events"], head["offset"]) == ([], 7)


def test_what_it_has_lost_it_does_not_pretend_to_know() -> None:
    """An offset before the ring, or one it never had, has no delta: a hole is told by the snapshot."""
    stream = stream_of()
    for number in range(RING_EVENTS + 2):
        step(stream, number)
    assert delta(stream, 5) is None
    assert delta(stream, stream.version + 1) is None
    oldest = delta(stream, 7)
    assert oldest is not None
    assert len(oldest["events"]) == RING_EVENTS
    (make,) = stream.snapshot(0, lambda: ()).frames(7)
    anew = orjson.loads(make())
    assert (anew["prev"], anew["recovered"], len(anew["events"])) == (None, False, RING_EVENTS)


def test_the_ring_is_bounded_in_bytes() -> None:
    """Large events: fewer of them; the newest step stays whatever its size."""
    stream = stream_of()
    for number in range(20):
        step(stream, number, size=RING_BYTES // 10)
    (make,) = stream.snapshot(0, lambda: ()).frames(7)
    assert 5 <= len(orjson.loads(make())["events"]) <= 10
    step(stream, 1, size=2 * RING_BYTES)
    (make,) = stream.snapshot(0, lambda: ()).frames(7)
    assert len(orjson.loads(make())["events"]) == 1


def test_what_viewers_share_is_bounded() -> None:
    """Many viewers, each at another place, behind large steps: they get the same, and little of it is kept."""
    stream = stream_of()
    for number in range(100):
        step(stream, number, size=5_000)
    told = [stream.delta(7, 5 + behind) for behind in range(100)]
    assert all(told)
    assert told == [stream.delta(7, 5 + behind) for behind in range(100)]
    kept = sum(len(tail) for tail in vars(stream)["_tails"].values())
    assert kept <= SHARED_BYTES < sum(len(frame) for frame in told if frame)


def test_quiet_counts_are_told_once_a_second() -> None:
    """Much came and nothing matched: that is news too, but not at every tick. Nothing came: no news."""
    stream = stream_of()
    step(stream, now=QUIET_MS - 1)
    assert stream.version == 5
    step(stream, now=QUIET_MS)
    message = delta(stream, 5)
    assert message is not None
    assert (message["seen"], message["events"]) == (20, [])
    stream.step(10 * QUIET_MS)
    assert stream.version == 6


def test_a_viewer_session_takes_it_as_a_topic() -> None:
    """First all there is, then what comes, by its rate; after a loss from where it was; a resync tells a hole."""
    stream, peer = stream_of(), FakePeer()
    viewer = ViewerSession(peer, peer, None, ViewerLimits(5_000, 15_000, 262_144), lambda *_: [], Outgoing(1 << 20))
    step(stream, 1)
    viewer.add(Subscription(1, stream, 0, 4), None, "e1", 0)
    viewer.flush(0)
    (first,) = peer.take()
    assert (first["recovered"], [e["n"] for e in first["events"]]) == (False, [1])
    step(stream, 2)
    viewer.flush(100)
    assert peer.take() == []
    step(stream, 3)
    viewer.flush(250)
    (second,) = peer.take()
    assert (second["prev"], second["recovered"], [e["n"] for e in second["events"]]) == (6, True, [2, 3])
    viewer.add(Subscription(2, stream, 0, 4), From("e1", 7), "e1", 250)
    viewer.flush(250)
    (resumed,) = peer.take()
    assert (resumed["id"], resumed["recovered"], [e["n"] for e in resumed["events"]]) == (2, True, [3])
    viewer.add(Subscription(3, stream, 0, 4), From("e0", 7), "e1", 250)
    viewer.resync(1)
    viewer.flush(1_000)
    assert [(m["id"], m["recovered"]) for m in peer.take()] == [(1, False), (3, False)]
