"""All topics and all viewers: changes in, steps out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from analytics import Changes, KpiSpec, Row
from gateway.core.encoding import EncodedRow, Where, encode_row, matches
from gateway.core.outgoing import Outgoing
from gateway.core.stream import Stream
from gateway.core.subscription import Subscription
from gateway.core.tail import Tail
from gateway.core.topic import Topic
from gateway.core.viewer import ViewerSession
from gateway.errors import ProtocolError
from gateway.wire.messages import Subscribe
from gateway.wire.replies import ErrorMessage, Notice

__all__ = ["Hub"]

WATERMARK_STEP_MS = 1_000
"""A watermark that moves without any row is worth a step this often: tiles show its age."""

EVICTION_MEMORY_MS = 60_000
MAX_EVICTED = 10_000
UNBOUNDED = 2**62


class Hub:
    """Topics by (KPI, where), made when first subscribed to and dropped with their last subscriber.

    Args:
        specs: the KPI set.
        epoch: the server epoch; offsets mean nothing across epochs.
        frame: makes a WebSocket frame of a payload.
        max_subscriptions: of one viewer.
        tail: the live events; None when they are not to be shown.
        outgoing: what all viewers' buffers are counted in; without one they have no bound together.
    """

    def __init__(
        self,
        specs: Sequence[KpiSpec],
        epoch: str,
        frame: Callable[[bytes], bytes],
        max_subscriptions: int,
        tail: Tail | None = None,
        outgoing: Outgoing | None = None,
    ) -> None:
        self.epoch = epoch
        self.outgoing = outgoing or Outgoing(UNBOUNDED)
        self.tail = tail
        self.viewers: dict[ViewerSession, None] = {}
        # Codes of notices about what still lasts.
        self.lasting: dict[str, None] = {}
        # Evictions by reason, and totals of viewers that have left, for the metrics.
        self.evictions = {"slow": 0}
        self._gone = {"deltas": 0, "snapshots": 0, "conflations": 0}
        self._specs = {spec.name: spec for spec in specs}
        self._meta = {spec.name: orjson.dumps(spec.meta()) for spec in specs}
        self._frame = frame
        self._max_subscriptions = max_subscriptions
        self._topics: dict[str, dict[str, Topic]] = {}
        # The last watermark that each KPI's topics were told, and that of every KPI at the last publication.
        self._told: dict[str, int | None] = {}
        self._watermarks: dict[str, int | None] = {}
        # Where the versions of a new topic begin: above those of any topic that was dropped, so that an offset of the
        # old one cannot be taken for one of the new.
        self._first_version = 0
        # Viewer id -> until when its next welcome says that it was evicted.
        self._evicted: OrderedDict[str, int] = OrderedDict()

    def replace(self, specs: Sequence[KpiSpec]) -> None:
        """Another KPI set: who watched what is gone is told, everyone else gets a snapshot with the new definition."""
        self._specs = {spec.name: spec for spec in specs}
        self._meta = {spec.name: orjson.dumps(spec.meta()) for spec in specs}
        for viewer in self.viewers:
            for id_, subscription in list(viewer.subscriptions.items()):
                if isinstance(subscription.topic, Stream):
                    continue
                spec = self._specs.get(subscription.topic.kpi)
                if spec is None or not set(subscription.topic.where or ()) <= set(spec.by):
                    self._drop_topic(viewer.remove(id_))
                    viewer.peer.say(ErrorMessage("unknown_kpi", id_))
                else:
                    viewer.resync(id_)
        self._topics = {kpi: topics for kpi, topics in self._topics.items() if kpi in self._specs}
        self._watermarks = {kpi: mark for kpi, mark in self._watermarks.items() if kpi in self._specs}
        for kpi, topics in self._topics.items():
            for topic in topics.values():
                topic.redefine(self._meta[kpi])

    def join(self, viewer: ViewerSession) -> None:
        """A viewer has been welcomed."""
        self.viewers[viewer] = None

    def leave(self, viewer: ViewerSession) -> None:
        """A viewer is gone, or is to be forgotten."""
        if self.viewers.pop(viewer, self) is self:
            return
        viewer.gone()
        for id_ in list(viewer.subscriptions):
            self._drop_topic(viewer.remove(id_))
        for name in self._gone:
            self._gone[name] += getattr(viewer, name)

    def notify(self, code: str) -> None:
        """Tell every viewer."""
        for viewer in self.viewers:
            viewer.peer.say(Notice(code))

    def begin(self, code: str) -> None:
        """Something lasts from now on: tell every viewer, and with `remind` those who come later."""
        self.lasting[code] = None
        self.notify(code)

    def end(self, code: str, over: str) -> None:
        """It is over: every viewer is told so by the code `over`."""
        self.lasting.pop(code, None)
        self.notify(over)

    def remind(self, viewer: ViewerSession) -> None:
        """Tell a viewer that has just been welcomed what lasts."""
        for code in self.lasting:
            viewer.peer.say(Notice(code))

    def evict(self, viewer: ViewerSession, now: int) -> None:
        """A viewer was too slow and has been cut; its next welcome will say so."""
        self.evictions["slow"] += 1
        if viewer.viewer_id is not None:
            self._evicted[viewer.viewer_id] = now + EVICTION_MEMORY_MS
            self._evicted.move_to_end(viewer.viewer_id)
            if len(self._evicted) > MAX_EVICTED:
                self._evicted.popitem(last=False)
        self.leave(viewer)

    def evicted(self, viewer_id: str | None, now: int) -> str | None:
        """Why the last connection of a viewer was cut, said once."""
        until = self._evicted.pop(viewer_id, 0) if viewer_id is not None else 0
        return "slow" if until > now else None

    def totals(self) -> dict[str, int]:
        """Deltas, snapshots and conflated deltas sent since the start."""
        return {name: gone + sum(getattr(v, name) for v in self.viewers) for name, gone in self._gone.items()}

    def subscribe(self, viewer: ViewerSession, wish: Subscribe, now: int) -> None:
        """Begin a subscription; its snapshot goes out with the viewer's next flush.

        Raises:
            ProtocolError: unknown_kpi, bad_where, bad_subscription (the id is taken), too_many_subscriptions,
                unknown_topic, disabled, redacted.
        """
        if wish.id in viewer.subscriptions:
            raise ProtocolError("bad_subscription")
        if len(viewer.subscriptions) >= self._max_subscriptions:
            raise ProtocolError("too_many_subscriptions")
        topic = self._stream(wish, now) if wish.topic is not None else self._kpi(wish)
        viewer.add(Subscription(wish.id, topic, round(wish.last * 1000), wish.max_hz), wish.start, self.epoch, now)

    def unsubscribe(self, viewer: ViewerSession, id_: int) -> None:
        """End a subscription.

        Raises:
            ProtocolError: bad_subscription, there is no such id.
        """
        topic = viewer.remove(id_)
        if topic is None:
            raise ProtocolError("bad_subscription")
        self._drop_topic(topic)

    def publish(self, changes: Changes) -> None:
        """Turn the engine's changes, all or those of some KPIs, into one step of each topic that they touch.

        Where they say no watermark, it is as before. Encodes each watched row once.
        """
        self._watermarks.update(changes.watermark)
        rows: dict[str, list[Row]] = {kpi: [] for kpi in changes.watermark if kpi in self._topics}
        for row in changes.rows:
            if row.kpi in self._topics:
                rows.setdefault(row.kpi, []).append(row)
        for kpi, changed in rows.items():
            topics = self._topics[kpi]
            watermark = self._watermarks.get(kpi)
            if not changed and not self._watermark_due(kpi, watermark):
                continue
            self._told[kpi] = watermark
            by_end = self._specs[kpi].cumulative
            encoded = [(row, encode_row(row, by_end=by_end)) for row in changed]
            for topic in topics.values():
                topic.step(_narrow(encoded, topic.where), watermark)

    def work(self) -> bool:
        """Do one piece, about 3 ms, of a snapshot that viewers wait for; False when there is none. O(topics)."""
        return any(topic.work() for topics in self._topics.values() for topic in topics.values())

    def _watermark_due(self, kpi: str, watermark: int | None) -> bool:
        told = self._told.get(kpi)
        return watermark is not None and (told is None or watermark - told >= WATERMARK_STEP_MS)

    def _stream(self, wish: Subscribe, now: int) -> Stream:
        if wish.topic != "events":
            raise ProtocolError("unknown_topic")
        if self.tail is None:
            raise ProtocolError("disabled")
        return self.tail.stream(wish.match, wish.max_rate, now)

    def _kpi(self, wish: Subscribe) -> Topic:
        spec = self._specs.get(wish.kpi or "")
        if spec is None:
            raise ProtocolError("unknown_kpi")
        if wish.where and not set(wish.where) <= set(spec.by):
            raise ProtocolError("bad_where")
        return self._topic(spec.name, wish.where or None)

    def _topic(self, kpi: str, where: Where | None) -> Topic:
        key = orjson.dumps(where, option=orjson.OPT_SORT_KEYS).decode()
        topics = self._topics.setdefault(kpi, {})
        if key not in topics:
            topic = topics[key] = Topic(kpi, where, self._meta[kpi], self.epoch, self._frame, self._first_version)
            topic.watermark = self._watermarks.get(kpi)
        return topics[key]

    def _drop_topic(self, topic: Topic | Stream | None) -> None:
        """Forget a narrowed topic that nobody watches. The plain one stays, so that its viewers can resume."""
        if not isinstance(topic, Topic) or topic.subscribers or topic.where is None:
            return
        self._first_version = max(self._first_version, topic.version + 1)
        topics: dict[str, Any] = self._topics[topic.kpi]
        for key in [key for key, value in topics.items() if value is topic]:
            del topics[key]


def _narrow(encoded: Sequence[tuple[Row, EncodedRow]], where: Where | None) -> list[EncodedRow]:
    return [mine for row, mine in encoded if matches(row, where)]
