"""What the board must show for the batches that were sent, counted the slow and obvious way, and the comparison.

The model shares no code with any side. It counts events one template at a time, weighted by how often that template
fell into the second, since the pool of batches is sent many times over.
"""

from __future__ import annotations

import json
import math
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.traffic import BATCH_EVENTS, Happening

__all__ = ["BOARD", "Rows", "differences", "fetch", "model", "wait_equal"]

BOARD = (
    "page_views",
    "errors",
    "clicks_by_country",
    "purchases_by_country",
    "revenue",
    "revenue_by_country",
    "active_users",
    "active_users_by_country",
    "p75",
    "p95_by_country",
    "top_pages_by_country",
    "checkout",
)
# The steps of the funnel `checkout`, and the length of its windows in ms. Its 30 minutes never end within one.
CHECKOUT = {"$pageview": 1, "$autocapture": 2, "purchase": 3}
CHECKOUT_MS = 60_000
# One KPI's rows: (country or None, start of the window in ms) -> value.
Rows = dict[tuple[str | None, int], Any]

# Distinct counts are exact up to 512 a row; beyond, four times the stated error of 1.6 %, which one estimate in
# 15,000 exceeds.
_EXACT_DISTINCT = 512
_DISTINCT_ERROR = 4 * 1.04 / math.sqrt(4_096)
# Quantiles may come from a sketch of this relative error.
_QUANTILE_ERROR = 0.01


def model(pool: Sequence[Sequence[Happening]], sent: Iterable[Sequence[int]]) -> dict[str, Rows]:
    """Rows of every KPI of the board for the batches in `sent` (see `load.Outcome`)."""
    events = [happening for batch in pool for happening in batch]
    ages = np.array([happening.age for happening in events])
    weights: dict[int, Any] = defaultdict(lambda: np.zeros(len(events), dtype=np.int64))
    steps: dict[int, set[tuple[int, int, str]]] = defaultdict(set)
    for stamp, first, last in sent:
        full, rest = divmod(last - first, len(pool))
        times = np.full(len(pool), full)
        times[(first + np.arange(rest)) % len(pool)] += 1
        for happening in (events[i] for i in np.flatnonzero(np.repeat(times, BATCH_EVENTS))):
            if step := CHECKOUT.get(happening.event):
                moment = stamp - happening.age
                steps[moment // CHECKOUT_MS * CHECKOUT_MS].add((moment, step, happening.user))
        seconds = (stamp - ages) // 1_000
        for second in np.unique(seconds):
            weights[int(second)] += np.where(seconds == second, np.repeat(times, BATCH_EVENTS), 0)
    rows: dict[str, Rows] = {name: {} for name in BOARD}
    for second, counts in weights.items():
        weighted = [(events[i], int(counts[i])) for i in np.flatnonzero(counts)]
        _count_second(rows, second * 1_000, weighted)
    for start, taken in steps.items():
        rows["checkout"][None, start] = {"steps": _funnel(taken)}
    return rows


def _funnel(taken: set[tuple[int, int, str]]) -> list[int]:
    """Users who got to each step, of events as (time, step, user); the same one many times is one."""
    levels: dict[str, int] = defaultdict(int)
    for _, step, user in sorted(taken):
        if step <= levels[user] + 1:
            levels[user] = max(levels[user], step)
    return [sum(level >= step for level in levels.values()) for step in CHECKOUT.values()]


def _count_second(rows: dict[str, Rows], start: int, weighted: list[tuple[Happening, int]]) -> None:
    users: dict[str | None, set[str]] = defaultdict(set)
    pages: dict[str, Counter[str]] = defaultdict(Counter)
    values: dict[str | None, Counter[float]] = defaultdict(Counter)
    for one, times in weighted:
        users[None].add(one.user)
        users[one.country].add(one.user)
        pages[one.country][one.path] += times
        values[None][one.value] += times
        if one.event == "$pageview":
            _add(rows["page_views"], None, start, times)
        elif one.event == "$exception":
            _add(rows["errors"], None, start, times)
        elif one.event == "$autocapture":
            _add(rows["clicks_by_country"], one.country, start, times)
        elif one.event == "$web_vitals":
            values[one.country][one.value] += times
        elif one.event == "purchase":
            _add(rows["revenue"], None, start, one.value * times)
            _add(rows["revenue_by_country"], one.country, start, one.value * times)
            if one.value >= 200:
                _add(rows["purchases_by_country"], one.country, start, times)
    for country, members in users.items():
        rows["active_users" if country is None else "active_users_by_country"][country, start] = len(members)
    for country, counter in pages.items():
        rows["top_pages_by_country"][country, start] = counter
    for country, numbers in values.items():
        name, share = ("p75", 0.75) if country is None else ("p95_by_country", 0.95)
        rows[name][country, start] = _quantile(numbers, share)


def _quantile(numbers: Counter[float], share: float) -> float:
    """The number of rank floor(share * (n - 1)) in ascending order, 0 being the first."""
    rank = math.floor(share * (numbers.total() - 1))
    for number in sorted(numbers):
        rank -= numbers[number]
        if rank < 0:
            return number
    raise AssertionError("a rank is below the number of numbers")


def _add(rows: Rows, country: str | None, start: int, amount: float) -> None:
    rows[country, start] = rows.get((country, start), 0) + amount


def differences(expected: dict[str, Rows], found: dict[str, Rows], limit: int = 5) -> list[str]:
    """Where two boards differ, as text, at most `limit` places; empty when they agree.

    Counts, funnels and exact distinct counts must be equal, sums within 1e-9, quantiles within 1 %, estimated distinct
    counts within four times their stated error. A row with nothing in it (0 or null) counts as no row. Top lists must
    hold true counts of the largest pages; pages of equal count may stand for each other.
    """
    places = []
    for name in BOARD:
        ours, theirs = ({key: value for key, value in side[name].items() if value} for side in (expected, found))
        for key in sorted(ours.keys() | theirs.keys(), key=str):
            want, have = ours.get(key), theirs.get(key)
            if want is None or have is None or not _equal(name, want, have):
                shown = want.most_common(3) if isinstance(want, Counter) else want
                places.append(f"{name} {key}: expected {shown}, found {have}")
                if len(places) == limit:
                    return places
    return places


def _equal(name: str, want: Any, have: Any) -> bool:
    if name.startswith("top_"):
        items = have["items"]
        largest = sorted(want.values(), reverse=True)[:10]
        return [item[1] for item in items] == largest and all(want[item[0]] == item[1] for item in items)
    if name == "checkout":
        return bool(want == have)
    if name.startswith(("p7", "p9")):
        return math.isclose(want, have, rel_tol=_QUANTILE_ERROR)
    if name.startswith("active_") and want > _EXACT_DISTINCT:
        return bool(abs(have - want) <= _DISTINCT_ERROR * want)
    return math.isclose(want, have, rel_tol=1e-9)


def fetch(port: int, token: str, start: int, end: int) -> dict[str, Rows]:
    """The board as a server shows it over HTTP, windows that overlap [start, end) in epoch ms."""
    found: dict[str, Rows] = {}
    for name in BOARD:
        rows = _get(port, token, f"/v1/kpis/{name}?from={start}&to={end}")["rows"]
        found[name] = {(row["dims"].get("country"), row["start"]): row["value"] for row in rows}
    return found


def status(port: int, token: str) -> dict[str, Any]:
    """What the gateway says of itself."""
    return _get(port, token, "/v1/status")


def metric(port: int, token: str, name: str) -> float:
    """The value of a metric without labels.

    Raises:
        KeyError: there is none of this name.
    """
    for line in _read(port, token, "/metrics").decode("utf-8").splitlines():
        label, _, value = line.partition(" ")
        if label == name:
            return float(value)
    raise KeyError(name)


def _get(port: int, token: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_read(port, token, path))
    return found


def _read(port: int, token: str, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: bytes = answer.read()
        return body


def wait_equal(
    expected: dict[str, Rows], look: Callable[[int, int], dict[str, Rows]], patience_s: float = 5.0
) -> list[str]:
    """Look until the board agrees with the model, at most `patience_s` seconds; returns what still differs.

    A server publishes what it counted at its next tick, so the first look may come too early.
    """
    starts = [start for rows in expected.values() for _, start in rows]
    deadline = time.monotonic() + patience_s
    while True:
        places = differences(expected, look(min(starts), max(starts) + 1_000))
        if not places or time.monotonic() > deadline:
            return places
        time.sleep(0.1)
