"""The semantics of kpis.md as a slow and obvious program: one event at a time, windows as lists of events."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Event = Mapping[str, Any]
Value = Callable[[list[Event]], Any]


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
    size: int
    hop: int
    delay: int
    grace: int
    by: str | None = None

    def __post_init__(self) -> None:
        self.maxima: dict[str, int] = {}
        self.base = -math.inf
        self.windows: dict[tuple[int, Any], Window] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.late: list[int] = []
        self.seen = 0

    @property
    def watermark(self) -> float:
        return self.base - self.delay

    def add(self, event: Event, source: str) -> None:
        time, watermark = event["timestamp"], self.watermark
        key = None if self.by is None else typed(event["properties"].get(self.by))
        start = time // self.hop * self.hop
        taken = False
        while start > time - self.size:
            if start + self.size + self.grace > watermark:
                self.windows.setdefault((start, key), Window()).events.append(event)
                taken = True
            start -= self.hop
        if not taken:
            self.late.append(self.seen)
        self.seen += 1
        self.maxima[source] = max(self.maxima.get(source, time), time)
        self.base = max(self.base, min(self.maxima.values()))
        for (start, key), window in self.windows.items():
            if watermark < start + self.size <= self.watermark:
                self.publish(start, key, window, "final")

    def publish(self, start: int, key: Any, window: Window, kind: str) -> None:
        window.published = self.value(window.events)
        window.rev += 1
        self.rows.append((start, start + self.size, key, window.published, kind, window.rev))

    def advance(self) -> list[tuple[Any, ...]]:
        """Finals and corrections since the last call."""
        for (start, key), window in self.windows.items():
            if start + self.size <= self.watermark:
                if window.rev < 0:
                    self.publish(start, key, window, "final")
                elif not same(window.published, self.value(window.events)):
                    self.publish(start, key, window, "correction")
        rows, self.rows = self.rows, []
        return rows

    def finish(self) -> list[tuple[Any, ...]]:
        """There are no more events."""
        rows = self.advance()
        self.base = math.inf
        return rows + self.advance()

    def open(self) -> dict[tuple[int, Any], Any]:
        """Values of the windows that are not final: (start, key) -> value."""
        return {
            (start, key): self.value(window.events)
            for (start, key), window in self.windows.items()
            if start + self.size > self.watermark
        }


def typed(value: Any) -> Any:
    """A value with its JSON type, since 1 == True in Python."""
    return ("number" if type(value) in (int, float) else type(value).__name__, value)


def same(a: Any, b: Any) -> bool:
    """Equal, null standing for not-a-number as well."""
    a, b = (None if isinstance(x, float) and math.isnan(x) else x for x in (a, b))
    return bool(a == b)
