"""What viewers have not taken yet, and who has to go for it."""

from __future__ import annotations

from analytics import Row
from gateway.core.outgoing import IMPATIENT_MS, Outgoing
from gateway.core.subscription import Subscription
from gateway.core.topic import Topic
from gateway.core.viewer import ViewerLimits, ViewerSession
from gateway.wire.replies import ServerMessage


class Deaf:
    """A socket whose peer takes what the test says."""

    def __init__(self) -> None:
        self.buffered = 0

    @property
    def can_write(self) -> bool:
        return not self.buffered

    def offer(self, frames: bytes) -> bool:
        if self.buffered:
            return False
        self.buffered = len(frames)
        return True

    def say(self, message: ServerMessage) -> None:
        pass

    def end(self, code: int) -> None:
        raise AssertionError(code)

    def abort(self) -> None:
        pass


def deaf_viewer(outgoing: Outgoing) -> tuple[ViewerSession, Deaf]:
    """A viewer that waits for a snapshot of 50 KB."""
    topic, peer = Topic("k", None, b"{}", "e1", lambda payload: payload), Deaf()
    rows = [Row("k", {}, 0, 1, "v" * 50_000, "final", 0)]
    viewer = ViewerSession(peer, peer, None, ViewerLimits(5_000, 15_000, 262_144), lambda *_: rows, outgoing)
    viewer.add(Subscription(1, topic, 300_000, 4), None, "e1", 0)
    return viewer, peer


def test_what_is_not_taken_is_counted_until_it_is_or_the_viewer_goes() -> None:
    """Also when it is taken in part."""
    outgoing = Outgoing(1 << 20)
    viewer, peer = deaf_viewer(outgoing)
    viewer.flush(0)
    waiting = peer.buffered
    assert outgoing.bytes == waiting > 16_384
    peer.buffered = 100
    viewer.flush(10)
    assert outgoing.bytes == 100
    viewer.gone()
    assert outgoing.bytes == 0


def test_no_snapshot_is_written_while_there_is_no_room() -> None:
    """And then it goes out, to whoever waited."""
    outgoing = Outgoing(20_000)
    deaf, _ = deaf_viewer(outgoing)
    deaf.flush(0)
    assert outgoing.full
    late, peer = deaf_viewer(outgoing)
    assert late.flush(10)
    assert peer.buffered == 0
    deaf.gone()
    assert late.flush(20)
    assert peer.buffered > 16_384


def test_without_room_who_takes_nothing_goes_after_a_second() -> None:
    """With room, after the time that is set; pressure of another kind ends patience too."""
    for limit, pressed, goes in ((20_000, False, True), (1 << 20, False, False), (1 << 20, True, True)):
        outgoing = Outgoing(limit)
        outgoing.pressed = pressed
        viewer, _ = deaf_viewer(outgoing)
        assert viewer.flush(0)
        assert viewer.flush(10)
        assert viewer.flush(9 + IMPATIENT_MS)
        assert viewer.flush(10 + IMPATIENT_MS) is not goes
