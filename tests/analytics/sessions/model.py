"""Session windows of kpis.md as a slow and obvious program: one event at a time, sessions as lists of events."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from tests.analytics.model import Event, Value, same, typed

__all__ = ["SessionModel"]


@dataclass
class Session:
    """One session; `kind` is None until something was said of it under its present start."""

    key: Any
    gap: int
    events: list[Event] = field(default_factory=list)
    kind: str | None = None
    said: Any = None
    rev: int = 0

    @property
    def first(self) -> int:
        return int(min(event["timestamp"] for event in self.events))

    @property
    def last(self) -> int:
        return int(max(event["timestamp"] for event in self.events))

    @property
    def end(self) -> int:
        return self.last + self.gap


@dataclass
class SessionModel:
    """One KPI. Times in ms; `by` is one property, or nothing, which is `distinct_id`."""

    value: Value
    gap: int
    delay: int
    grace: int
    by: str | None = None

    def __post_init__(self) -> None:
        self.maxima: dict[str, int] = {}
        self.base = -math.inf
        self.sessions: list[Session] = []
        self.closed: list[Session] = []
        self.rows: list[tuple[Any, ...]] = []
        self.late: list[int] = []
        self.seen = 0

    @property
    def watermark(self) -> float:
        return self.base - self.delay

    def add(self, event: Event, source: str) -> None:
        key = typed(event["distinct_id"] if self.by is None else event["properties"].get(self.by))
        if not self.place(event, event["timestamp"], key):
            self.late.append(self.seen)
        self.seen += 1
        self.maxima[source] = max(self.maxima.get(source, event["timestamp"]), event["timestamp"])
        self.base = max(self.base, min(self.maxima.values()))
        self.settle()

    def place(self, event: Event, time: int, key: Any) -> bool:
        """Whether a session took the event."""
        of_key = [s for s in self.sessions if s.key == key and s.end + self.grace > self.watermark]
        touched = [s for s in of_key if s.first - self.gap <= time <= s.last + self.gap]
        in_time = time + self.gap + self.grace > self.watermark
        if not touched:
            if in_time:
                self.sessions.append(Session(key, self.gap, [event]))
            return in_time
        oldest = min(touched, key=lambda s: s.first)
        if time < oldest.first:
            if not in_time and any(s.key == key and s.first == time for s in self.closed):
                return False
            self.retract(oldest)
        oldest.events.append(event)
        for session in touched:
            if session is not oldest:
                self.retract(session)
                oldest.events += session.events
                self.sessions.remove(session)
        return True

    def retract(self, session: Session) -> None:
        if session.kind is not None:
            start, end = session.said[0], session.said[1]
            self.rows.append((start, end, session.key, None, "retract", session.rev + 1))
        session.kind, session.said, session.rev = None, None, 0

    def settle(self) -> None:
        """Finals of what has ended, corrections of what closes."""
        for session in list(self.sessions):
            if session.end < self.watermark and session.kind in (None, "partial"):
                self.say(session, "final")
            if session.end < self.watermark and session.end + self.grace <= self.watermark:
                self.update(session)
                self.sessions.remove(session)
                self.closed.append(session)

    def say(self, session: Session, kind: str) -> None:
        session.kind = kind
        session.said = (session.first, session.end, self.value(session.events))
        self.rows.append((session.first, session.end, session.key, session.said[2], kind, session.rev))

    def update(self, session: Session) -> None:
        now = (session.first, session.end, self.value(session.events))
        if session.said is not None and session.said[:2] == now[:2] and same(session.said[2], now[2]):
            return
        if session.kind in ("final", "correction"):
            session.rev += 1
            self.say(session, "correction")
        else:
            self.say(session, "partial")

    def advance(self, *, partial: bool = True) -> list[tuple[Any, ...]]:
        """All rows since the last call."""
        for session in self.sessions:
            if partial or session.kind is not None:
                self.update(session)
        rows, self.rows = self.rows, []
        return rows

    def finish(self) -> list[tuple[Any, ...]]:
        """There are no more events."""
        self.base = math.inf
        self.settle()
        return self.advance()

    def known(self) -> list[tuple[Any, ...]]:
        """The latest row of every session, closed or not."""
        found = [s for s in (*self.closed, *self.sessions) if s.said is not None]
        return sorted(((*s.said[:2], s.key, s.said[2], s.kind, s.rev) for s in found), key=repr)
