"""The viewer's side of a connection: what it watches, how far it has come, what it gets next.

No queue: a subscription is an offset, and what is sent is decided at the moment the socket can take it. A viewer that
takes nothing for a while first loses the steps (snapshots only), then the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from analytics import Row
from gateway.core.outgoing import IMPATIENT_MS, Outgoing
from gateway.core.stream import Stream
from gateway.core.subscription import Subscription
from gateway.core.topic import Topic
from gateway.wire.messages import From
from gateway.wire.replies import Notice, ServerMessage

__all__ = ["ViewerLimits", "ViewerPeer", "ViewerSession"]

HIDDEN_PERIOD_MS = 5_000
CONFLATED_PERIOD_MS = 1_000
BURST_BYTES = 262_144
"""One flush collects no more than this; the rest goes when the socket has taken it."""

COUNTED_BYTES = 16_384  # a smaller write fits in the kernel's buffer, or is counted when it shows that it did not


class Outlet(Protocol):
    """The socket behind a viewer, without anyone between: what each frame of the fan-out goes through."""

    @property
    def can_write(self) -> bool:
        """Whether everything written before has left the process."""

    @property
    def buffered(self) -> int:
        """Bytes that wait in the process."""

    def offer(self, frames: bytes) -> bool:
        """Send frames that are made already if `can_write`, or else do nothing; whether they were sent."""


class ViewerPeer(Protocol):
    """The connection behind a viewer, as the core sees it."""

    def say(self, message: ServerMessage) -> None:
        """Send one message."""

    def end(self, code: int) -> None:
        """Close with a code of the table."""

    def abort(self) -> None:
        """Cut the connection; nothing that waits can be sent any more."""


class ViewerLimits(NamedTuple):
    """When a viewer that takes nothing is cut back, and when cut off."""

    stall_ms: int
    evict_ms: int
    buffer: int


class ViewerSession:
    """One viewer connection after its welcome."""

    __slots__ = (
        "_buffered_before",
        "_conflating_since",
        "_counted",
        "_limits",
        "_only",
        "_outgoing",
        "_outlet",
        "_read",
        "_sent_size",
        "_stalled_since",
        "_watched",
        "conflations",
        "deltas",
        "peer",
        "snapshots",
        "subscriptions",
        "viewer_id",
        "visible",
    )

    def __init__(
        self,
        peer: ViewerPeer,
        outlet: Outlet,
        viewer_id: str | None,
        limits: ViewerLimits,
        read: Callable[[str, int, int], Iterable[Row]],
        outgoing: Outgoing,
    ) -> None:
        self.peer = peer
        self._outlet = outlet
        self.viewer_id = viewer_id
        self.subscriptions: dict[int, Subscription] = {}
        # The same in a list, which a flush walks; and the one in it, when it is one: most viewers of a large audience
        # watch one thing, and a dict or a list is two more places in memory to fetch for each of them.
        self._watched: list[Subscription] = []
        self._only: Subscription | None = None
        self.visible = True
        # What was sent, for the metrics.
        self.deltas = self.snapshots = self.conflations = 0
        self._limits = limits
        self._read = read
        # Since when the socket has taken nothing; None while it does.
        self._stalled_since: int | None = None
        self._buffered_before = 0
        # Since when the viewer gets snapshots only; None in normal service.
        self._conflating_since: int | None = None
        # Size of the last joined write: what waits beyond it counts against the viewer.
        self._sent_size = 0
        self._outgoing = outgoing  # where its buffer is counted among those of all viewers, and so much of it
        self._counted = 0

    def add(self, subscription: Subscription, start: From | None, epoch: str, now: int) -> None:
        """Begin a subscription, at the offset it had when that is still within reach."""
        topic = subscription.topic
        topic.subscribers += 1
        self.subscriptions[subscription.id] = subscription
        self._watched.append(subscription)
        self._only = subscription if len(self._watched) == 1 else None
        if start is not None and start.epoch == epoch and start.offset <= topic.version:
            frame = topic.delta(subscription.id, start.offset)
            if frame is not None:
                subscription.offset = topic.version
                subscription.due = now + subscription.period_ms
                ready = frame
                subscription.parts = [lambda: ready]

    def remove(self, id_: int) -> Topic | Stream | None:
        """End a subscription; its topic, or None when there is no such subscription."""
        subscription = self.subscriptions.pop(id_, None)
        if subscription is None:
            return None
        self._watched.remove(subscription)
        self._only = self._watched[0] if len(self._watched) == 1 else None
        subscription.topic.subscribers -= 1
        return subscription.topic

    def resync(self, id_: int) -> bool:
        """Send a snapshot next. False when there is no such subscription."""
        subscription = self.subscriptions.get(id_)
        if subscription is None:
            return False
        subscription.offset = subscription.rendering = None
        subscription.parts = []
        return True

    @property
    def state(self) -> str:
        """How it is served: `stalled` (takes nothing just now), `conflated` (snapshots only), `hidden` or `live`."""
        if self._stalled_since is not None:
            return "stalled"
        if self._conflating_since is not None:
            return "conflated"
        return "live" if self.visible else "hidden"

    def show(self, visible: bool, now: int) -> None:
        """The page was hidden or shown; when shown, what was missed goes out at once."""
        self.visible = visible
        for subscription in self.subscriptions.values():
            if visible:
                subscription.due = min(subscription.due, now)
            else:
                subscription.due = max(subscription.due, now + HIDDEN_PERIOD_MS)

    def flush(self, now: int) -> bool:
        """Send what is due, in one write. False when the viewer has to go: it is aborted then.

        One delta that is due, and nothing else, is most of the fan-out: it goes out by the shortest way, about 0.4 us
        beside the write itself when others share the frame, and what it takes to fetch the viewer from memory.
        """
        due = self._only or self._one_due(now)
        if due is None or due.offset is None or due.parts or self._conflating_since is not None:
            return self._flush_all(now)
        topic, offset = due.topic, due.offset
        version = topic.version
        if offset == version or now < due.due:
            return self._flush_all(now)
        frame = topic.delta(due.id, offset)
        if frame is None:
            return self._flush_all(now)
        if not self._outlet.offer(frame):
            return self._stalled(now)
        self._stalled_since = None
        # What `_delta_sent` does, without its calls: they were a quarter of all this.
        self.deltas += 1
        if version - offset > 1:
            self.conflations += 1
        due.offset = version
        period = due.period_ms if self.visible or due.period_ms > HIDDEN_PERIOD_MS else HIDDEN_PERIOD_MS
        late = now - due.due
        then, size, shared = now + period - (late if 0 < late < period else 0), len(frame), self._outgoing
        if then != shared.due:
            shared.due = then
        if size != shared.size:
            shared.size = size
        due.due, self._sent_size = shared.due, shared.size
        return True

    def _one_due(self, now: int) -> Subscription | None:
        """Of several subscriptions the one that is due, when it is one and no other waits for a snapshot."""
        due: Subscription | None = None
        for subscription in self._watched:
            if subscription.offset is None or subscription.parts:
                return None
            if subscription.offset != subscription.topic.version and now >= subscription.due:
                if due is not None:
                    return None
                due = subscription
        return due

    def _flush_all(self, now: int) -> bool:
        """Send whatever is due, however much."""
        outlet = self._outlet
        if not outlet.can_write:
            return self._stalled(now)
        self._stalled_since = None
        self._count(0)
        if self._outgoing.full:
            return True
        frames: list[bytes] = []
        size = 0
        if self._conflating_since is not None and now - self._conflating_since >= self._limits.stall_ms:
            self._conflating_since = None
        for subscription in self._watched:
            frame = self._next(subscription, now)
            while frame is not None:
                frames.append(frame)
                size += len(frame)
                frame = subscription.parts.pop()() if subscription.parts and size < BURST_BYTES else None
            if size >= BURST_BYTES:
                break
        if frames:
            self._sent_size = size
            outlet.offer(frames[0] if len(frames) == 1 else b"".join(frames))
            if size >= COUNTED_BYTES:
                self._count(outlet.buffered)
        return True

    def gone(self) -> None:
        """The connection is over, and what waited with it."""
        self._count(0)

    def _count(self, buffered: int) -> None:
        self._outgoing.bytes, self._counted = self._outgoing.bytes + buffered - self._counted, buffered

    def _next(self, subscription: Subscription, now: int) -> bytes | None:
        """The next frame of a subscription, if one is due."""
        if subscription.parts:
            return subscription.parts.pop()()
        topic = subscription.topic
        if subscription.offset is not None:
            if subscription.offset == topic.version or now < subscription.due:
                return None
            frame = topic.delta(subscription.id, subscription.offset) if self._conflating_since is None else None
            if frame is not None:
                self._delta_sent(subscription, now)
                return frame
        return self._snapshot(subscription, now)

    def _snapshot(self, subscription: Subscription, now: int) -> bytes | None:
        """The first frame of a snapshot; None while it is being made."""
        topic, last_ms = subscription.topic, subscription.last_ms
        rendering = subscription.rendering or topic.snapshot(last_ms, lambda: self._read(topic.kpi, now - last_ms, now))
        if rendering is None or not rendering.done:
            subscription.rendering, subscription.offset = rendering, None
            return None
        subscription.rendering = None
        subscription.parts = rendering.frames(subscription.id)[::-1]
        self.snapshots += 1
        self._advance(subscription, rendering.version, now)
        return subscription.parts.pop()()

    def _delta_sent(self, subscription: Subscription, now: int) -> None:
        self.deltas += 1
        if subscription.offset is not None and subscription.topic.version - subscription.offset > 1:
            self.conflations += 1
        self._advance(subscription, subscription.topic.version, now)

    def _advance(self, subscription: Subscription, version: int, now: int) -> None:
        subscription.offset = version
        period = subscription.period_ms
        if not self.visible:
            period = max(period, HIDDEN_PERIOD_MS)
        if self._conflating_since is not None:
            period = max(period, CONFLATED_PERIOD_MS)
        # A tick that comes late must not slow the rate down; after a pause, the count begins anew.
        late = now - subscription.due
        subscription.due = now + period - (late if 0 < late < period else 0)

    def _stalled(self, now: int) -> bool:
        buffered = self._outlet.buffered
        if self._stalled_since is None or buffered < self._buffered_before:
            self._stalled_since = now
        self._buffered_before = buffered
        self._count(buffered)
        stalled = now - self._stalled_since
        patience = IMPATIENT_MS if self._outgoing.impatient else self._limits.evict_ms
        if stalled >= min(patience, self._limits.evict_ms) or buffered > self._sent_size + self._limits.buffer:
            self.peer.abort()
            return False
        if stalled >= self._limits.stall_ms and self._conflating_since is None:
            self._conflating_since = now
            self.peer.say(Notice("conflated"))
            for subscription in self.subscriptions.values():
                if not subscription.parts:
                    subscription.offset = None
        return True
