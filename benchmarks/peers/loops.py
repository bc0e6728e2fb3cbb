"""R3, what a user would write instead: the board as hand-written loops over the events of a batch.

    python -m benchmarks.peers.loops

Nothing here is generic: each KPI is a line or two of Python, in the order that costs least.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any

from benchmarks.peers.sketch import LOG_GAMMA, ZERO, quantile
from benchmarks.peers.web import run

__all__ = ["Loops"]


class _Second:
    """What one window of one second holds."""

    __slots__ = (
        "bins", "clicks", "errors", "pages", "purchases", "revenue", "revenue_by", "users", "users_by", "views",
        "vitals",
    )  # fmt: skip

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
        self.bins: defaultdict[int, int] = defaultdict(int)
        self.vitals: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))


class _Chain:
    """What one user did towards a purchase within a minute, in whatever order it came in.

    The 30 minutes of the funnel never end within the minute, so the first view and the last purchase are enough.
    """

    __slots__ = ("bought", "clicked", "viewed")

    def __init__(self) -> None:
        self.viewed = math.inf
        self.clicked: set[int] = set()
        self.bought = -math.inf

    def level(self) -> int:
        """How many steps the user got through."""
        if self.viewed == math.inf:
            return 0
        click = min((time for time in self.clicked if time >= self.viewed), default=math.inf)
        if click == math.inf:
            return 1
        return 3 if self.bought >= click else 2


class Loops:
    """The twelve KPIs, per event, in plain dictionaries and sets."""

    def __init__(self) -> None:
        self.seconds: defaultdict[int, _Second] = defaultdict(_Second)
        self.minutes: defaultdict[int, defaultdict[str, _Chain]] = defaultdict(lambda: defaultdict(_Chain))

    def add(self, events: list[dict[str, Any]]) -> None:
        """Count a batch."""
        seconds, minutes, log, ceil = self.seconds, self.minutes, math.log, math.ceil
        for event in events:
            time = event["timestamp"]
            second = seconds[time // 1_000]
            properties = event["properties"]
            country = properties["country"]
            user = event["distinct_id"]
            second.users.add(user)
            second.users_by[country].add(user)
            second.pages[country][properties["$pathname"]] += 1
            value = properties["value"]
            number = ceil(log(value) / LOG_GAMMA) if value > 0 else ZERO
            second.bins[number] += 1
            name = event["event"]
            if name == "$pageview":
                second.views += 1
                chain = minutes[time // 60_000][user]
                if time < chain.viewed:
                    chain.viewed = time
            elif name == "$autocapture":
                second.clicks[country] += 1
                minutes[time // 60_000][user].clicked.add(time)
            elif name == "purchase":
                second.revenue += value
                second.revenue_by[country] += value
                if value >= 200:
                    second.purchases[country] += 1
                chain = minutes[time // 60_000][user]
                if time > chain.bought:
                    chain.bought = time
            elif name == "$web_vitals":
                second.vitals[country][number] += 1
            elif name == "$exception":
                second.errors += 1

    def forget(self, before: int) -> None:
        """Drop windows that start before this second."""
        for second in [second for second in self.seconds if second < before]:
            del self.seconds[second]
        for minute in [minute for minute in self.minutes if minute < before // 60]:
            del self.minutes[minute]

    def rows(self, kpi: str, start: int, end: int) -> list[dict[str, Any]]:
        """One KPI's rows in [start, end), epoch ms."""
        if kpi == "checkout":
            return [
                {"dims": {}, "start": minute * 60_000, "end": minute * 60_000 + 60_000, "value": _steps(chains)}
                for minute, chains in self.minutes.items()
                if start < minute * 60_000 + 60_000 and minute * 60_000 < end
            ]
        found = []
        for number, second in self.seconds.items():
            if start <= number * 1_000 < end:
                for country, value in _values(second, kpi).items():
                    dims = {} if country is None else {"country": country}
                    found.append({"dims": dims, "start": number * 1_000, "end": number * 1_000 + 1_000, "value": value})
        return found


def _steps(chains: dict[str, _Chain]) -> dict[str, list[int]]:
    levels = Counter(chain.level() for chain in chains.values())
    return {"steps": [sum(levels[i] for i in range(step, 4)) for step in (1, 2, 3)]}


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
        case "p75":
            return {None: quantile(second.bins, 0.75)}
        case "p95_by_country":
            return {country: quantile(bins, 0.95) for country, bins in second.vitals.items()}
        case "top_pages_by_country":
            return {c: {"items": [list(item) for item in Counter(p).most_common(10)]} for c, p in second.pages.items()}
    raise KeyError(kpi)


if __name__ == "__main__":
    run(Loops())
