"""R3, what a user would write next: the same board, driven by definitions instead of written out.

    python -m benchmarks.peers.definitions

Each KPI is a filter, a measure, a field and a dimension. Filters and getters are compiled once from text, so that an
event costs a few calls per KPI and no parsing.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.peers.sketch import LOG_GAMMA, ZERO, quantile
from benchmarks.peers.web import run

__all__ = ["DEFINITIONS", "Definition", "Definitions"]

Event = dict[str, Any]


class Definition(NamedTuple):
    """A KPI as data. `where`, `value` and `by` are Python expressions over `event` and `properties`."""

    name: str
    measure: str
    where: str = "True"
    value: str = "None"
    by: str = "None"
    window_ms: int = 1_000


_COUNTRY = "properties.get('country')"
_PURCHASE = "event.get('event') == 'purchase'"
# Used by the text of the funnel.
_STEPS = {"$pageview": 1, "$autocapture": 2, "purchase": 3}
_WITHIN_MS = 1_800_000
DEFINITIONS = (
    Definition("page_views", "count", "event.get('event') == '$pageview'"),
    Definition("errors", "count", "event.get('event') == '$exception'"),
    Definition("clicks_by_country", "count", "event.get('event') == '$autocapture'", by=_COUNTRY),
    Definition("purchases_by_country", "count", f"{_PURCHASE} and properties.get('value', 0) >= 200", by=_COUNTRY),
    Definition("revenue", "sum", _PURCHASE, "properties.get('value', 0)"),
    Definition("revenue_by_country", "sum", _PURCHASE, "properties.get('value', 0)", _COUNTRY),
    Definition("active_users", "uniq", value="event.get('distinct_id')"),
    Definition("active_users_by_country", "uniq", value="event.get('distinct_id')", by=_COUNTRY),
    Definition("p75", "p75", value="properties.get('value')"),
    Definition("p95_by_country", "p95", "event.get('event') == '$web_vitals'", "properties.get('value')", _COUNTRY),
    Definition("top_pages_by_country", "top", value="properties.get('$pathname')", by=_COUNTRY),
    Definition(
        "checkout",
        "funnel",
        "event.get('event') in _STEPS",
        "(event['distinct_id'], event['timestamp'], _STEPS[event['event']])",
        window_ms=60_000,
    ),
)


class _Count:
    """Number of events."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, _value: Any) -> None:
        """Count one."""
        self.total += 1

    def result(self) -> Any:
        """The number."""
        return self.total


class _Sum(_Count):
    """Sum of a number."""

    def add(self, value: Any) -> None:
        """Add it."""
        self.total += value


class _Uniq:
    """Number of distinct values."""

    def __init__(self) -> None:
        self.seen: set[Any] = set()

    def add(self, value: Any) -> None:
        """Remember it."""
        self.seen.add(value)

    def result(self) -> Any:
        """How many there are."""
        return len(self.seen)


class _Top:
    """The ten most frequent values."""

    def __init__(self) -> None:
        self.counts: dict[Any, int] = {}

    def add(self, value: Any) -> None:
        """Count it."""
        self.counts[value] = self.counts.get(value, 0) + 1

    def result(self) -> Any:
        """The ten, with their numbers."""
        return {"items": [list(item) for item in Counter(self.counts).most_common(10)]}


class _Quantile:
    """A quantile with a relative error of 1 %."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.bins: dict[int, int] = {}

    def add(self, value: float) -> None:
        """Put it into its bin."""
        number = math.ceil(math.log(value) / LOG_GAMMA) if value > 0 else ZERO
        self.bins[number] = self.bins.get(number, 0) + 1

    def result(self) -> Any:
        """What the bin of its rank answers."""
        return quantile(self.bins, self.share)


class _Funnel:
    """How many users got to each step, by the rules of `windowFunnel`, in whatever order events came in."""

    def __init__(self) -> None:
        self.users: dict[str, set[tuple[int, int]]] = {}

    def add(self, value: tuple[str, int, int]) -> None:
        """Remember what a user did: (user, time, step)."""
        user, time, step = value
        done = self.users.get(user)
        if done is None:
            done = self.users[user] = set()
        done.add((time, step))

    def result(self) -> Any:
        """Users by step."""
        levels = Counter(map(_level, self.users.values()))
        return {"steps": [sum(n for level, n in levels.items() if level >= step) for step in _STEPS.values()]}


def _level(done: set[tuple[int, int]]) -> int:
    """The highest step of any chain: the first starts one, another one continues the chain behind the step before."""
    began: dict[int, int] = {}
    for time, step in sorted(done):
        if step == 1:
            began[1] = time
        elif step - 1 in began and time <= began[step - 1] + _WITHIN_MS:
            began[step] = began[step - 1]
    return max(began, default=0)


_MEASURES: dict[str, Callable[[], Any]] = {
    "count": _Count, "sum": _Sum, "uniq": _Uniq, "top": _Top, "funnel": _Funnel,
    "p75": functools.partial(_Quantile, 0.75), "p95": functools.partial(_Quantile, 0.95),
}  # fmt: skip


class _Compiled:
    """One definition ready to run, and its windows: number of the window -> dimension -> measure."""

    def __init__(self, definition: Definition) -> None:
        self.make = _MEASURES[definition.measure]
        self.where, self.value, self.by = (
            eval(f"lambda event, properties: {text}") for text in (definition.where, definition.value, definition.by)
        )
        self.window_ms = definition.window_ms
        self.windows: dict[int, dict[Any, Any]] = {}

    def add(self, event: Event, properties: Event, time: int) -> None:
        """Count the event if the filter takes it."""
        if not self.where(event, properties):
            return
        number = time // self.window_ms
        window = self.windows.get(number)
        if window is None:
            window = self.windows[number] = {}
        key = self.by(event, properties)
        measure = window.get(key)
        if measure is None:
            measure = window[key] = self.make()
        measure.add(self.value(event, properties))


class Definitions:
    """A board of definitions: every event is shown to every KPI."""

    def __init__(self, definitions: tuple[Definition, ...] = DEFINITIONS) -> None:
        self.kpis = {definition.name: _Compiled(definition) for definition in definitions}

    def add(self, events: list[Event]) -> None:
        """Count a batch."""
        kpis = list(self.kpis.values())
        for event in events:
            properties = event.get("properties", {})
            time = event["timestamp"]
            for kpi in kpis:
                kpi.add(event, properties, time)

    def forget(self, before: int) -> None:
        """Drop windows that start before this second."""
        for kpi in self.kpis.values():
            for number in [number for number in kpi.windows if (number + 1) * kpi.window_ms <= before * 1_000]:
                del kpi.windows[number]

    def rows(self, kpi: str, start: int, end: int) -> list[dict[str, Any]]:
        """One KPI's rows in [start, end), epoch ms."""
        length = self.kpis[kpi].window_ms
        return [
            {
                "dims": {} if country is None else {"country": country},
                "start": number * length,
                "end": number * length + length,
                "value": measure.result(),
            }
            for number, window in self.kpis[kpi].windows.items()
            if start < (number + 1) * length and number * length < end
            for country, measure in window.items()
        ]


if __name__ == "__main__":
    run(Definitions())
