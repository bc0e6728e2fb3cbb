"""R3, what a user would write instead: the board as hand-written loops over the events of a batch.

    python -m benchmarks.peers.loops

Nothing here is generic: each KPI is a line or two of Python, in the order that costs least.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from benchmarks.peers.web import run

__all__ = ["Loops"]


class _Second:
    """What one window of one second holds."""

    __slots__ = ("clicks", "errors", "pages", "purchases", "revenue", "revenue_by", "users", "users_by", "views")

    def __init__(self) -> None:
        self.views = 0
        self.errors = 0
        self.revenue = 0.0
        self.clicks: defaultdict[str, int] = defaultdict(int)
        self.purchases: defaultdict[str, int] = defaultdict(int)
        self.revenue_by: defaultdict[str, float] = defaultdict(float)
        self.users: set[str] = set()
        self.users_by: defaultdict[str, set[str]] = defaultdict(set)
        self.pages: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))


class Loops:
    """The nine KPIs, per event, in plain dictionaries and sets."""

    def __init__(self) -> None:
        self.seconds: defaultdict[int, _Second] = defaultdict(_Second)

    def add(self, events: list[dict[str, Any]]) -> None:
        """Count a batch."""
        seconds = self.seconds
        for event in events:
            second = seconds[event["timestamp"] // 1_000]
            properties = event["properties"]
            country = properties["country"]
            user = event["distinct_id"]
            second.users.add(user)
            second.users_by[country].add(user)
            second.pages[country][properties["$pathname"]] += 1
            name = event["event"]
            if name == "$pageview":
                second.views += 1
            elif name == "$autocapture":
                second.clicks[country] += 1
            elif name == "purchase":
                value = properties["value"]
                second.revenue += value
                second.revenue_by[country] += value
                if value >= 200:
                    second.purchases[country] += 1
            elif name == "$exception":
                second.errors += 1

    def forget(self, before: int) -> None:
        """Drop windows that start before this second."""
        for second in [second for second in self.seconds if second < before]:
            del self.seconds[second]

    def rows(self, kpi: str, start: int, end: int) -> list[dict[str, Any]]:
        """One KPI's rows in [start, end), epoch ms."""
        found = []
        for number, second in self.seconds.items():
            if start <= number * 1_000 < end:
                for country, value in _values(second, kpi).items():
                    dims = {} if country is None else {"country": country}
                    found.append({"dims": dims, "start": number * 1_000, "end": number * 1_000 + 1_000, "value": value})
        return found


def _values(second: _Second, kpi: str) -> dict[Any, Any]:
    match kpi:
        case "page_views":
            return {None: second.views}
        case "errors":
            return {None: second.errors}
        case "clicks_by_country":
            return second.clicks
        case "purchases_by_country":
            return second.purchases
        case "revenue":
            return {None: second.revenue}
        case "revenue_by_country":
            return second.revenue_by
        case "active_users":
            return {None: len(second.users)}
        case "active_users_by_country":
            return {country: len(users) for country, users in second.users_by.items()}
        case "top_pages_by_country":
            return {c: {"items": [list(item) for item in Counter(p).most_common(10)]} for c, p in second.pages.items()}
    raise KeyError(kpi)


if __name__ == "__main__":
    run(Loops())
