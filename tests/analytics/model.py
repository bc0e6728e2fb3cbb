"""The semantics of kpis.md as a slow and obvious program: one event at a time, windows as lists of events."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

DAY = 86_400_000
EPOCH = date(1970, 1, 1).toordinal()

Event = Mapping[str, Any]
Value = Callable[[list[Event]], Any]
Spans = Callable[[int], list[tuple[int, int]]]
"""The windows, [start, end), that hold a time."""


def even(size: int, hop: int) -> Spans:
    """Tumbling and sliding windows."""
    return lambda time: [(s, s + size) for s in range(time // hop * hop, time - size, -hop)]


def steps(size: int, step: int) -> Spans:
    """Cumulative windows."""

    def spans(time: int) -> list[tuple[int, int]]:
        start = time // size * size
        return [(start, end) for end in range(start + step, start + size + 1, step) if end > time]

    return spans


def local_days(zone: str, around: int) -> list[int]:
    """When local days begin, from 20 days before a time to 20 after it: every quarter of an hour is looked at."""
    tz, quarter = ZoneInfo(zone), 900_000
    starts, before = [], date.min
    for time in range(around // quarter * quarter - 20 * DAY, around + 20 * DAY, quarter):
        local = datetime.fromtimestamp(time / 1_000, tz).date()
        if local > before:  # not when the clock is set back over midnight
            starts.append(time)
            before = local
    return starts[1:]


def days(zone: str, around: int, size: int, hop: int) -> Spans:
    """Windows of `size` local days, one every `hop` of them."""
    starts = local_days(zone, around)
    # Which of them are multiples of the hop: their number since 1970 there.
    numbers = [datetime.fromtimestamp(s / 1_000, ZoneInfo(zone)).date().toordinal() - EPOCH for s in starts]
    spans = [(starts[i], starts[i + size]) for i, n in enumerate(numbers[:-size]) if n % hop == 0]
    return lambda time: [(start, end) for start, end in spans if start <= time < end]


def day_steps(zone: str, around: int, step: int) -> Spans:
    """Cumulative windows of a local day, the last of which ends with the day."""
    starts = local_days(zone, around)
    pairs = list(pairwise(starts))
    spans = [(start, min(end + step, stop)) for start, stop in pairs for end in range(start, stop, step)]
    return lambda time: [(start, end) for start, end in spans if start <= time < end]


def numbers(events: Iterable[Event], name: str) -> list[float]:
    """The numeric values of a property; booleans and texts are none."""
    values = [event["properties"].get(name) for event in events]
    return [v for v in values if type(v) in (int, float)]


def present(events: Iterable[Event], name: str) -> list[Any]:
    """The values of a column that are not null, tagged with their JSON type."""
    values = [event[name] if name in event else event["properties"].get(name) for event in events]
    return [("number" if type(v) in (int, float) else type(v).__name__, v) for v in values if v is not None]


def total(events: Iterable[Event], name: str) -> float | None:
    """The exact sum, rounded once."""
    found = numbers(events, name)
    return float(sum(map(Fraction, found))) if found else None


def top(events: Iterable[Event], name: str, k: int) -> dict[str, Any]:
    """The k most frequent values, by count and then by type and value."""
    order = {"bool": 1, "number": 2, "str": 3}
    counts = Counter(present(events, name))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], order[item[0][0]], item[0][1]))
    return {"items": [[value, n] for (_, value), n in ranked[:k]]}


def named(events: list[Event], name: str) -> list[Event]:
    """Events of one kind."""
    return [event for event in events if event["event"] == name]


def ratio(a: float, b: float) -> float | None:
    """Division as SQL has it here."""
    return a / b if b else None


# KPI expression -> the same in Python.
VALUES: dict[str, Value] = {
    "count(*)": len,
    "count(*) FILTER (WHERE event = 'buy')": lambda e: len(named(e, "buy")),
    "count(price)": lambda e: len(present(e, "price")),
    "sum(price)": lambda e: total(e, "price"),
    "avg(price)": lambda e: ratio(total(e, "price") or 0, len(numbers(e, "price"))),
    "min(price)": lambda e: min(numbers(e, "price"), default=None),
    "max(price)": lambda e: max(numbers(e, "price"), default=None),
    "uniq(distinct_id)": lambda e: len(set(present(e, "distinct_id"))),
    "uniq(price)": lambda e: len(set(present(e, "price"))),
    "top(page, 2)": lambda e: top(e, "page", 2),
    "uniq(distinct_id) FILTER (WHERE event = 'buy') / uniq(distinct_id)": lambda e: ratio(
        len(set(present(named(e, "buy"), "distinct_id"))), len(set(present(e, "distinct_id")))
    ),
    "sum(CASE WHEN event = 'buy' THEN price ELSE 0 END) / count(*)": lambda e: ratio(
        float(sum(map(Fraction, numbers(named(e, "buy"), "price"))))
        if numbers(named(e, "buy"), "price") or len(named(e, "buy")) < len(e)
        else math.nan,
        len(e),
    ),
    "CASE WHEN count(*) > 2 THEN 1 ELSE 0 END": lambda e: 1 if len(e) > 2 else 0,
}


@dataclass
class Window:
    """One window of one key; `rev` is -1 until it was published as final."""

    events: list[Event] = field(default_factory=list)
    published: Any = None
    rev: int = -1


@dataclass
class Model:
    """One KPI. Times in ms; `by` is one property, or nothing."""

    value: Value
    spans: Spans
    delay: int
    grace: int
    by: str | None = None

    def __post_init__(self) -> None:
        self.maxima: dict[str, int] = {}
        self.base = -math.inf
        self.windows: dict[tuple[int, int, Any], Window] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.late: list[int] = []
        self.seen = 0

    @property
    def watermark(self) -> float:
        return self.base - self.delay

    def add(self, event: Event, source: str) -> None:
        time, watermark = event["timestamp"], self.watermark
        key = None if self.by is None else typed(event["properties"].get(self.by))
        taken = False
        for start, end in self.spans(time):
            if end + self.grace > watermark:
                self.windows.setdefault((start, end, key), Window()).events.append(event)
                taken = True
        if not taken:
            self.late.append(self.seen)
        self.seen += 1
        self.maxima[source] = max(self.maxima.get(source, time), time)
        self.base = max(self.base, min(self.maxima.values()))
        for (start, end, key), window in self.windows.items():
            if watermark < end <= self.watermark:
                self.publish(start, end, key, window, "final")

    def publish(self, start: int, end: int, key: Any, window: Window, kind: str) -> None:
        window.published = self.value(window.events)
        window.rev += 1
        self.rows.append((start, end, key, window.published, kind, window.rev))

    def advance(self) -> list[tuple[Any, ...]]:
        """Finals and corrections since the last call."""
        for (start, end, key), window in self.windows.items():
            if end <= self.watermark:
                if window.rev < 0:
                    self.publish(start, end, key, window, "final")
                elif not same(window.published, self.value(window.events)):
                    self.publish(start, end, key, window, "correction")
        rows, self.rows = self.rows, []
        return rows

    def finish(self) -> list[tuple[Any, ...]]:
        """There are no more events."""
        rows = self.advance()
        self.base = math.inf
        return rows + self.advance()

    def open(self) -> dict[tuple[int, int, Any], Any]:
        """Values of the windows that are not final: (start, end, key) -> value."""
        return {span: self.value(window.events) for span, window in self.windows.items() if span[1] > self.watermark}


def typed(value: Any) -> Any:
    """A value with its JSON type, since 1 == True in Python."""
    return ("number" if type(value) in (int, float) else type(value).__name__, value)


def same(a: Any, b: Any) -> bool:
    """Equal, null standing for not-a-number as well."""
    a, b = (None if isinstance(x, float) and math.isnan(x) else x for x in (a, b))
    return bool(a == b)
