"""The event-by-event model for measures that look beyond a window: sessions and retention, from all events so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.analytics.model import EPOCH, Event, Model, Window, local_days, same, typed

__all__ = ["TrackedModel", "days_later", "retention", "sessions", "sessions_of"]

Tracked = Callable[[int, int, Sequence[Event]], Any]
"""The value of the window [start, end), from all events of its key that were taken, in any order."""


def sessions_of(events: Sequence[Event], gap: int) -> list[list[int]]:
    """Event times of each session of each user."""
    found: list[list[int]] = []
    for user in sorted({event["distinct_id"] for event in events if event["distinct_id"] is not None}):
        previous = -math.inf
        for time in sorted(event["timestamp"] for event in events if event["distinct_id"] == user):
            if time - previous > gap:
                found.append([])
            found[-1].append(time)
            previous = time
    return found


def sessions(view: str, gap: int) -> Tracked:
    """What `sessions()`, `session_seconds()` and `bounce_rate()` say."""

    def value(start: int, end: int, events: Sequence[Event]) -> Any:
        inside = [times for times in sessions_of(events, gap) if start <= times[0] < end]
        if view == "sessions":
            return len(inside)
        if not inside:
            return None
        if view == "bounce_rate":
            return sum(len(times) == 1 for times in inside) / len(inside)
        return sum(times[-1] - times[0] for times in inside) / (1_000 * len(inside))

    return value


def local_day(zone: str, time: int) -> int:
    """The number of the local day, from 1970-01-01 on."""
    return datetime.fromtimestamp(time / 1_000, ZoneInfo(zone)).date().toordinal() - EPOCH


def days_later(zone: str, end: int, count: int) -> int:
    """The local midnight so many days after one."""
    return next(start for start in local_days(zone, end) if local_day(zone, start) == local_day(zone, end) + count)


def retention(zone: str, days: int, periods: int) -> Tracked:
    """What `retention(event = 'view', event = 'buy')` says."""

    def value(start: int, end: int, events: Sequence[Event]) -> Any:
        size, returned = 0, [0] * periods
        for user in {event["distinct_id"] for event in events if event["distinct_id"] is not None}:
            own = [(event["timestamp"], event["event"]) for event in events if event["distinct_id"] == user]
            first = min((time for time, name in own if name == "view"), default=end)
            if start <= first < end:
                size += 1
                since = local_day(zone, first) // days
                for later in {local_day(zone, time) // days - since for time, name in own if name == "buy"}:
                    if 1 <= later <= periods:
                        returned[later - 1] += 1
        return {"size": size, "returned": returned}

    return value


@dataclass
class TrackedModel(Model):
    """One KPI whose windows change by events behind their end, until they are closed."""

    tracked: Tracked = field(kw_only=True)
    final_at: Callable[[int], int] = field(default=lambda end: end, kw_only=True)
    """Where the watermark makes the window with this end final."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.taken: dict[Any, list[Event]] = {}

    def add(self, event: Event, source: str) -> None:
        time, watermark = event["timestamp"], self.watermark
        key = None if self.by is None else typed(event["properties"].get(self.by))
        spans = [span for span in self.spans(time) if self.final_at(span[1]) + self.grace > watermark]
        for start, end in spans:
            self.windows.setdefault((start, end, key), Window())
        if spans:
            self.taken.setdefault(key, []).append(event)
        else:
            self.late.append(self.seen)
        self.seen += 1
        self.maxima[source] = max(self.maxima.get(source, time), time)
        self.base = max(self.base, min(self.maxima.values()))
        self.rise(watermark)

    def rise(self, before: float) -> None:
        """Windows become final, and are looked at for the last time when they close."""
        for (start, end, key), window in self.windows.items():
            final = self.final_at(end)
            if final <= before < final + self.grace <= self.watermark:
                self.correct(start, end, key, window)
            if before < final <= self.watermark:
                self.say(start, end, key, window, "final")

    def said(self, start: int, end: int, key: Any) -> Any:
        """The value of a window now."""
        return self.tracked(start, end, self.taken[key])

    def say(self, start: int, end: int, key: Any, window: Window, kind: str) -> None:
        window.published = self.said(start, end, key)
        window.rev += 1
        self.rows.append((start, end, key, window.published, kind, window.rev))

    def correct(self, start: int, end: int, key: Any, window: Window) -> None:
        """The row of a final window: the first one, or a correction if it has changed."""
        if window.rev < 0:
            self.say(start, end, key, window, "final")
        elif not same(window.published, self.said(start, end, key)):
            self.say(start, end, key, window, "correction")

    def advance(self) -> list[tuple[Any, ...]]:
        for (start, end, key), window in self.windows.items():
            if self.final_at(end) <= self.watermark < self.final_at(end) + self.grace:
                self.correct(start, end, key, window)
        rows, self.rows = self.rows, []
        return rows

    def finish(self) -> list[tuple[Any, ...]]:
        rows, before = self.advance(), self.watermark
        self.base = math.inf
        self.rise(before)
        return rows + self.advance()

    def open(self) -> dict[tuple[int, int, Any], Any]:
        return {
            (start, end, key): self.said(start, end, key)
            for start, end, key in self.windows
            if self.final_at(end) > self.watermark
        }
