"""What a viewer gets, when, and what becomes of one that takes nothing."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from analytics import Row
from gateway.core.encoding import encode_row
from gateway.core.outgoing import Outgoing
from gateway.core.rendering import PIECE_ROWS
from gateway.core.subscription import Subscription
from gateway.core.topic import Topic
from gateway.core.viewer import ViewerLimits, ViewerSession
from gateway.wire.messages import From
from gateway.wire.replies import Notice, ServerMessage

LIMITS = ViewerLimits(stall_ms=5_000, evict_ms=15_000, buffer=262_144)


class FakePeer:
    """A socket that takes what it is told to take. Frames are newline-separated JSON here."""

    def __init__(self) -> None:
        self.can_write = True
        self.buffered = 0
        self.writes: list[list[dict[str, Any]]] = []
        self.said: list[ServerMessage] = []
        self.aborted = False

    def say(self, message: ServerMessage) -> None:
        self.said.append(message)

    def offer(self, frames: bytes) -> bool:
        if self.can_write:
            self.writes.append([orjson.loads(line) for line in frames.splitlines()])
        return self.can_write

    def end(self, code: int) -> None:
        raise AssertionError(code)

    def abort(self) -> None:
        self.aborted = True

    def take(self) -> list[dict[str, Any]]:
        """Everything written since the last call."""
        messages = [message for write in self.writes for message in write]
        self.writes.clear()
        return messages


class Scene:
    """One viewer of one topic."""

    def __init__(self, max_hz: float = 4, rows: int = 1, size: int = 1, kind: Any = ViewerSession) -> None:
        self.topic = Topic("k", None, b"{}", "e1", lambda payload: payload + b"\n")
        self.peer = FakePeer()
        self.rows = [Row("k", {}, i, i + 1, "v" * size, "final", 0) for i in range(rows)]
        self.viewer = kind(self.peer, self.peer, "v-1", LIMITS, lambda *_: self.rows, Outgoing(1 << 20))
        self.max_hz = max_hz

    def subscribe(self, now: int = 0, start: From | None = None, id_: int = 1) -> None:
        self.viewer.add(Subscription(id_, self.topic, 300_000, self.max_hz), start, "e1", now)

    def step(self, value: int = 1) -> None:
        self.topic.step([encode_row(Row("k", {}, 0, 1, value, "partial", 0))], None)

    def flush(self, now: int) -> list[dict[str, Any]]:
        assert self.viewer.flush(now)
        return self.peer.take()


def test_a_subscription_begins_with_a_snapshot() -> None:
    """Then it has what there is, and gets nothing until something changes."""
    scene = Scene()
    scene.subscribe()
    (message,) = scene.flush(0)
    assert (message["type"], message["offset"], len(message["rows"])) == ("snapshot", 0, 1)
    assert scene.flush(10_000) == []


def test_deltas_come_at_most_max_hz() -> None:
    """At 4 Hz: not before 250 ms, then everything since in one."""
    scene = Scene(max_hz=4)
    scene.subscribe()
    scene.flush(0)
    scene.step()
    assert scene.flush(249) == []
    scene.step()
    (delta,) = scene.flush(250)
    assert (delta["type"], delta["prev"], delta["offset"]) == ("delta", 0, 2)


def test_a_resume_within_reach_is_a_delta() -> None:
    """From the place it had; at the head an empty delta with prev = offset."""
    scene = Scene()
    scene.step()
    scene.step()
    scene.subscribe(start=From("e1", 1))
    (delta,) = scene.flush(0)
    assert (delta["prev"], delta["offset"]) == (1, 2)
    scene.subscribe(start=From("e1", 2), id_=2)
    (delta,) = scene.flush(0)
    assert (delta["id"], delta["prev"], delta["offset"], delta["set"]) == (2, 2, 2, [])


def test_a_resume_from_elsewhere_is_a_snapshot() -> None:
    """Another epoch, or a place that has not been yet."""
    for start in (From("e0", 0), From("e1", 9)):
        scene = Scene()
        scene.subscribe(start=start)
        assert [message["type"] for message in scene.flush(0)] == ["snapshot"]


def test_a_resync_is_a_snapshot() -> None:
    """At once, whatever the rate; an unknown id is said."""
    scene = Scene()
    scene.subscribe()
    scene.flush(0)
    assert scene.viewer.resync(1)
    assert [message["type"] for message in scene.flush(1)] == ["snapshot"]
    assert not scene.viewer.resync(2)


def test_a_hidden_page_gets_a_fifth_of_a_hertz() -> None:
    """And everything it missed the moment it is shown again."""
    scene = Scene(max_hz=20)
    scene.subscribe()
    scene.flush(0)
    scene.viewer.show(False, 0)
    scene.step()
    assert scene.flush(4_999) == []
    assert len(scene.flush(5_000)) == 1
    scene.step()
    assert scene.flush(6_000) == []
    scene.viewer.show(True, 6_001)
    assert len(scene.flush(6_001)) == 1


def test_all_that_is_due_goes_in_one_write() -> None:
    """Several subscriptions, one system call."""
    scene = Scene()
    for id_ in range(5):
        scene.subscribe(id_=id_)
    scene.viewer.flush(0)
    assert [len(write) for write in scene.peer.writes] == [5]


def test_a_snapshot_in_the_making_is_waited_for() -> None:
    """Other subscriptions go on meanwhile; then it comes, as of when it was begun, and the steps since behind it."""
    scene = Scene(rows=3 * PIECE_ROWS, max_hz=20)
    other = Topic("o", None, b"{}", "e1", lambda payload: payload + b"\n")
    scene.subscribe(id_=1)
    scene.viewer.add(Subscription(2, other, 1, 20), From("e1", 0), "e1", 0)
    assert [message["id"] for message in scene.flush(0)] == [2]
    scene.step()
    other.step([], None)
    assert [(m["id"], m["type"]) for m in scene.flush(100)] == [(2, "delta")]
    while scene.topic.work():
        pass
    (snapshot,) = scene.flush(200)[:1]
    assert (snapshot["type"], snapshot["offset"], scene.viewer.snapshots) == ("snapshot", 0, 1)
    while scene.flush(200):
        pass
    (delta,) = scene.flush(300)
    assert (delta["type"], delta["prev"], delta["offset"]) == ("delta", 0, 1)


def test_a_resync_while_one_is_in_the_making_joins_it() -> None:
    """One snapshot, not two."""
    scene = Scene(rows=2 * PIECE_ROWS)
    scene.subscribe()
    assert scene.flush(0) == []
    assert scene.viewer.resync(1)
    while scene.topic.work():
        pass
    assert {message["type"] for message in scene.flush(0)} == {"snapshot"}
    while scene.flush(0):
        pass
    assert scene.viewer.snapshots == 1


def test_a_large_snapshot_waits_for_the_socket() -> None:
    """Not more than the burst at once; the parts keep their order."""
    scene = Scene(rows=2_000, size=500)
    scene.subscribe()
    scene.viewer.flush(0)
    while scene.topic.work():
        pass
    parts: list[int] = []
    turns = 0
    while True:
        scene.viewer.flush(0)
        messages = scene.peer.take()
        if not messages:
            break
        parts += [message["part"] for message in messages]
        turns += 1
    assert parts == list(range(1, len(parts) + 1))
    assert turns > 2


def test_a_stalled_viewer_loses_steps_then_the_connection() -> None:
    """5 s: a notice, and a snapshot when it moves again; 15 s: cut."""
    scene = Scene()
    scene.subscribe()
    scene.flush(0)
    scene.step()
    scene.peer.can_write, scene.peer.buffered = False, 1_000
    assert scene.viewer.flush(1_000)
    assert scene.viewer.flush(6_000)
    assert scene.peer.said == [Notice("conflated")]
    scene.peer.can_write, scene.peer.buffered = True, 0
    assert [message["type"] for message in scene.flush(6_100)] == ["snapshot"]
    scene.peer.can_write, scene.peer.buffered = False, 1_000
    assert scene.viewer.flush(7_000)
    assert scene.viewer.flush(21_999)
    assert not scene.viewer.flush(22_000)
    assert scene.peer.aborted


def test_progress_is_not_a_stall() -> None:
    """A buffer that gets smaller is being read."""
    scene = Scene()
    scene.subscribe()
    scene.flush(0)
    scene.peer.can_write = False
    for second in range(60):
        scene.peer.buffered = 100_000 - second
        assert scene.viewer.flush(second * 1_000)
    assert scene.peer.said == []


def test_what_waits_behind_the_frame_is_bounded() -> None:
    """256 KiB behind what is being written, then it is cut."""
    scene = Scene()
    scene.subscribe()
    scene.flush(0)
    scene.peer.can_write, scene.peer.buffered = False, 300_000
    assert not scene.viewer.flush(100)
    assert scene.peer.aborted


def test_steps_come_back_after_a_while_of_health() -> None:
    """Snapshots only for 5 s, at most one a second, then deltas again."""
    scene = Scene()
    scene.subscribe()
    scene.flush(0)
    scene.peer.can_write, scene.peer.buffered = False, 10
    scene.viewer.flush(1_000)
    scene.viewer.flush(6_000)
    scene.peer.can_write, scene.peer.buffered = True, 0
    scene.step()
    assert [m["type"] for m in scene.flush(6_000)] == ["snapshot"]
    scene.step()
    assert scene.flush(6_500) == []
    assert [m["type"] for m in scene.flush(7_100)] == ["snapshot"]
    scene.step()
    assert [m["type"] for m in scene.flush(12_000)] == ["delta"]


def test_its_state_says_how_it_is_served() -> None:
    """Live, hidden, stalled while the socket takes nothing, then snapshots only until it has caught up."""
    scene = Scene()
    scene.subscribe()
    scene.flush(0)
    states = [scene.viewer.state]
    scene.viewer.show(False, 0)
    states.append(scene.viewer.state)
    scene.viewer.show(True, 0)
    scene.peer.can_write = False
    scene.step()
    for now in (1_000, 7_000):
        scene.viewer.flush(now)
        states.append(scene.viewer.state)
    scene.peer.can_write = True
    scene.viewer.flush(7_100)
    states.append(scene.viewer.state)
    assert states == ["live", "hidden", "stalled", "stalled", "conflated"]


DEEDS = st.sampled_from(["step"] * 3 + ["flush", "hide", "show", "resync", "deaf", "hears", "more", "less"])


class Long(ViewerSession):
    """Never takes the shortest way."""

    flush = ViewerSession._flush_all


@given(st.lists(st.tuples(DEEDS, st.integers(0, 3_000)), max_size=40))
def test_the_shortest_way_sends_what_the_long_one_sends(deeds: list[tuple[str, int]]) -> None:
    """Whatever becomes of a viewer, of one subscription or two: the same frames, counts, and times of the next ones."""
    now, scenes = 0, [Scene(), Scene(kind=Long)]
    for scene in scenes:
        scene.subscribe()
    for deed, later in deeds:
        now += later
        seen: list[Any] = []
        for scene in scenes:
            viewer, peer = scene.viewer, scene.peer
            if deed == "step":
                scene.step(now)
            elif deed in ("hide", "show"):
                viewer.show(deed == "show", now)
            elif deed == "resync":
                viewer.resync(1)
            elif deed in ("deaf", "hears"):
                peer.can_write, peer.buffered = deed == "hears", 100 if deed == "deaf" else 0
            elif deed == "more" and 2 not in viewer.subscriptions:
                scene.subscribe(now, id_=2)
            elif deed == "less":
                viewer.remove(2)
            seen.append((viewer.flush(now), peer.take(), peer.said, viewer.state, viewer.deltas))
            seen[-1] += tuple((one.offset, one.due) for one in viewer.subscriptions.values())
        assert seen[0] == seen[1]
