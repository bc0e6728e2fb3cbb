"""A recorded hour of a small shop, out of order and with every kind of value, and what is audited of it."""

from __future__ import annotations

import random
from typing import Any

from analytics import KpiSpec
from tests.audit.recorded import NOW, Group

VALUES = [
    "count(*)",
    "sum(price)",
    "avg(price)",
    "min(price)",
    "max(price)",
    "uniq(distinct_id)",
    "uniq(price)",
    "uniq(price + 1)",
    "rate()",
    "quantile(price, 0.9)",
    "top(page, 2)",
    "top(price, 3)",
    "count(price) / count(*)",
    "sum(timestamp) / count(*)",
    "sum(price % 3)",
    "CASE WHEN count(*) > 30 THEN 1 ELSE 0 END",
    "uniq(distinct_id) FILTER (WHERE event = 'buy') / uniq(distinct_id)",
    "sum(CASE WHEN event = 'buy' THEN price ELSE 0 END) / count(*)",
    "count(*) FILTER (WHERE flag = TRUE)",
    "count(*) FILTER (WHERE flag = FALSE OR page LIKE '/a%')",
    "count(*) FILTER (WHERE NOT price > 3)",
    "count(*) FILTER (WHERE page IN ('/', '/a', '7'))",
    "count(*) FILTER (WHERE page <> '7')",
    "count(*) FILTER (WHERE price = page)",
    "count(*) FILTER (WHERE page IS NULL AND price BETWEEN 1 AND 4)",
    "sessions()",
    "session_seconds(gap => '1s')",
    "bounce_rate(gap => '500ms') * sessions()",
    "funnel(event = 'view', event = 'cart', event = 'buy', within => '3s')",
    "funnel(event = 'view', event = 'cart', event = 'buy', within => '3s', mode => 'strict_order', times => TRUE)",
    "funnel(event = 'view', event = 'cart', within => '5s', exclude => event = 'buy')",
]
WINDOWS = ["tumbling 5s", "sliding 10s every 4s", "cumulative 20s every 5s", "session 1s", "tumbling 1d"]


def specs() -> list[KpiSpec]:
    """Each value with two of the windows in turn, with and without `by` and `where`."""
    made = []
    for i, value in enumerate(VALUES):
        for j in (i % 5, (i + 2) % 5):
            window, session = WINDOWS[j], WINDOWS[j].startswith("session")
            if session and ("session" in value or "bounce" in value or "retention" in value):
                continue
            by = ("country",) if (i + j) % 2 else ()
            most = 200 if session else 3 if by else 1_000
            where = "page <> '/b'" if (i + j) % 3 == 0 else None
            zone = "Europe/Berlin" if window == "tumbling 1d" else "UTC"
            name = f"k{i}_{j}"
            made.append(
                KpiSpec(name, value, window, where=where, by=by, delay="1s", grace="2s", max_keys=most, tz=zone)
            )
    cohorts = "retention(event = 'view', event = 'buy', periods => 2)"
    made.append(KpiSpec("cohorts", cohorts, "tumbling 1d", delay="1s", grace="2s", tz="Asia/Kolkata"))
    soon = "retention(event = 'view', event = 'buy', period => '1m', periods => 3)"
    made.append(KpiSpec("soon", soon, "sliding 2m every 1m", delay="1s", grace="2s", by=("country",), max_keys=3))
    return made


def groups(seed: int, count: int = 15) -> list[Group]:
    """Events of two senders: most are up to 4 s late, some of them too late."""
    rng = random.Random(seed)

    def event(i: int) -> dict[str, Any]:
        late = rng.randint(0, 4_000 if rng.random() < 0.9 else 12_000)
        properties = {
            "price": rng.choice([None, 1, 2, 3.5, 4, -1, "7", True, 2**53 + 1, 0.1]),
            "page": rng.choice(["/", "/a", "/b", 7, None]),
            "flag": rng.choice([True, False, None, "true", 1]),
            "country": rng.choice(["DE", "FR", 1, True, "1", None]),
        }
        return {
            "event": rng.choice(["view", "cart", "buy"]),
            "distinct_id": rng.choice([*"abcdefgh", None]),
            "timestamp": NOW + i * 100 - late,
            "properties": {name: value for name, value in properties.items() if value is not None},
        }

    return [
        (NOW + i * 2_000 + 3_000, rng.choice(["p", "q"]), [event(i * 20 + j) for j in range(20)]) for i in range(count)
    ]
