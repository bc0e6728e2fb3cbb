"""One KPI, or stream of events, that a viewer watches: how far it has come, and when it gets the next step."""

from __future__ import annotations

from collections.abc import Callable

from gateway.core.rendering import Rendering
from gateway.core.stream import Backlog, Stream
from gateway.core.topic import Topic

__all__ = ["MAX_HZ", "MIN_HZ", "Subscription"]

MIN_HZ = 0.1
MAX_HZ = 20.0


class Subscription:
    """One KPI, or stream of events, that a viewer watches."""

    __slots__ = ("due", "id", "last_ms", "offset", "parts", "period_ms", "rendering", "topic")

    def __init__(self, id_: int, topic: Topic | Stream, last_ms: int, max_hz: float) -> None:
        self.id = id_
        self.topic = topic
        self.last_ms = last_ms
        self.period_ms = round(1000 / min(max(max_hz, MIN_HZ), MAX_HZ))
        # The version the viewer has; None while it needs a snapshot.
        self.offset: int | None = None
        # The snapshot it waits for, while that is being made.
        self.rendering: Rendering | Backlog | None = None
        # What makes the frames of a snapshot that is being sent, the next one last.
        self.parts: list[Callable[[], bytes]] = []
        # When the next step may go out.
        self.due = 0
