"""R3, what a user would write next: the same board, driven by definitions instead of written out.

    python -m benchmarks.peers.definitions

Each KPI is a filter, a measure, a field and a dimension. Filters and getters are compiled once from text, so that an
event costs a few calls per KPI and no parsing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

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


_COUNTRY = "properties.get('country')"
_PURCHASE = "event.get('event') == 'purchase'"
DEFINITIONS = (
    Definition("page_views", "count", "event.get('event') == '$pageview'"),
    Definition("errors", "count", "event.get('event') == '$exception'"),
    Definition("clicks_by_country", "count", "event.get('event') == '$autocapture'", by=_COUNTRY),
    Definition("purchases_by_country", "count", f"{_PURCHASE} and properties.get('value', 0) >= 200", by=_COUNTRY),
    Definition("revenue", "sum", _PURCHASE, "properties.get('value', 0)"),
    Definition("revenue_by_country", "sum", _PURCHASE, "properties.get('value', 0)", _COUNTRY),
    Definition("active_users", "uniq", value="event.get('distinct_id')"),
    Definition("active_users_by_country", "uniq", value="event.get('distinct_id')", by=_COUNTRY),
    Definition("top_pages_by_country", "top", value="properties.get('$pathname')", by=_COUNTRY),
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


_MEASURES: dict[str, Callable[[], Any]] = {"count": _Count, "sum": _Sum, "uniq": _Uniq, "top": _Top}


class _Compiled:
    """One definition ready to run, and its windows: second -> dimension -> measure."""

    def __init__(self, definition: Definition) -> None:
        self.make = _MEASURES[definition.measure]
        self.where, self.value, self.by = (
            eval(f"lambda event, properties: {text}") for text in (definition.where, definition.value, definition.by)
        )
        self.windows: dict[int, dict[Any, Any]] = {}

    def add(self, event: Event, properties: Event, second: int) -> None:
        """Count the event if the filter takes it."""
        if not self.where(event, properties):
            return
        window = self.windows.get(second)
        if window is None:
            window = self.windows[second] = {}
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
            second = event["timestamp"] // 1_000
            for kpi in kpis:
                kpi.add(event, properties, second)

    def forget(self, before: int) -> None:
        """Drop windows that start before this second."""
        for kpi in self.kpis.values():
            for second in [second for second in kpi.windows if second < before]:
                del kpi.windows[second]

    def rows(self, kpi: str, start: int, end: int) -> list[dict[str, Any]]:
        """One KPI's rows in [start, end), epoch ms."""
        return [
            {
                "dims": {} if country is None else {"country": country},
                "start": second * 1_000,
                "end": second * 1_000 + 1_000,
                "value": measure.result(),
            }
            for second, window in self.kpis[kpi].windows.items()
            if start <= second * 1_000 < end
            for country, measure in window.items()
        ]


if __name__ == "__main__":
    run(Definitions())
