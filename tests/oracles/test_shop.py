"""Half a year of a shop: the rows of the engine, of DuckDB and of ClickHouse, and the incidents that are in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.house.tree import ROOT
from tests.oracles.clickhouse import ask
from tests.oracles.recordings import ms, rows, shop, shop_clickhouse, shop_table

DAY, WEEK, GAP = 86_400_000, 7 * 86_400_000, 1_800_000
STEPS = ("product_view", "add_to_cart", "cart", "shipping_details", "payment_details", "purchase")


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same rows in DuckDB."""
    with duckdb.connect() as made:
        shop_table(made)
        yield made


def test_the_recording_is_the_one_that_is_meant() -> None:
    """31,106 events of 600 users."""
    assert (len(shop()), len({event["distinct_id"] for event in shop()})) == (31_106, 600)


def test_sessions_are_those_of_duckdb(database: duckdb.DuckDBPyConnection) -> None:
    """Each one: whose, from when, to when, how many events, and how many different ones."""
    expected = database.execute(
        f"SELECT user_id, min(t), max(t) + {GAP}, count(*), count(DISTINCT event) FROM (SELECT *, sum(fresh) OVER"
        " (PARTITION BY user_id ORDER BY t ROWS UNBOUNDED PRECEDING) AS nth FROM (SELECT *, (coalesce(t - lag(t) OVER"
        f" (PARTITION BY user_id ORDER BY t) > {GAP}, true))::INT AS fresh FROM shop))"
        " GROUP BY user_id, nth ORDER BY ALL"
    ).fetchall()
    counts, kinds = (
        {(r.dims["distinct_id"], r.start, r.end): r.value for r in rows(shop(), value, "session 30m")}
        for value in ("count(*)", "uniq(event)")
    )
    assert [(*key, counts[key], kinds[key]) for key in sorted(counts)] == expected
    # As many as the recording has ids of sessions.
    assert len(expected) == 3_605


def test_session_measures_are_those_of_duckdb(database: duckdb.DuckDBPyConnection) -> None:
    """How many, how long and how many of one event, by the week that they start in."""
    expected = database.execute(
        f"SELECT first // {WEEK} * {WEEK}, count(*), avg(last - first) / 1000, avg((n = 1)::INT) FROM (SELECT user_id,"
        " min(t) AS first, max(t) AS last, count(*) AS n FROM shop GROUP BY user_id, session_id) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    for place, value in enumerate(("sessions()", "session_seconds()", "bounce_rate()"), 1):
        found = {row.start: row.value for row in rows(shop(), value, "tumbling 7d")}
        assert found == pytest.approx({row[0]: row[place] for row in expected}, rel=1e-12)


@pytest.mark.parametrize("mode", ["", "strict_order", "strict_increase", "strict_once", "strict_deduplication"])
def test_funnels_are_those_of_clickhouse(mode: str) -> None:
    """From looking to buying within an hour, week by week."""
    steps = ", ".join(f"event = '{step}'" for step in STEPS)
    wanted = f", '{mode}'" if mode else ""
    levels = ask(
        f"SELECT week, level, count() AS users FROM (SELECT intDiv(t, {WEEK}) * {WEEK} AS week, user_id,"
        f" windowFunnel(3600000{wanted})(toUInt64(t), {steps}) AS level FROM {shop_clickhouse()}"
        " GROUP BY week, user_id) GROUP BY week, level"
    )
    expected: dict[int, list[int]] = defaultdict(lambda: [0] * len(STEPS))
    for row in levels:
        for step in range(int(row["level"])):
            expected[int(row["week"])][step] += int(row["users"])
    value = f"funnel({steps}, within => '1h', mode => '{mode or 'default'}')"
    found = {row.start: row.value["steps"] for row in rows(shop(), value, "tumbling 7d") if any(row.value["steps"])}
    assert len(found) == 26
    assert found == expected


def test_cohorts_are_those_of_clickhouse() -> None:
    """Users by the week of their first visit: who came again one to four weeks later."""
    again = ", ".join(f"first + {i} = week" for i in range(1, 5))
    sums = ", ".join(f"toUInt32(sum(r[{i}])) AS r{i}" for i in range(2, 6))
    expected = ask(
        f"SELECT first * {WEEK} AS start, toUInt32(count()) AS size, {sums} FROM (SELECT user_id, first,"
        f" retention(first = week, {again}) AS r FROM (SELECT user_id, intDiv(t, {WEEK}) AS week,"
        f" min(week) OVER (PARTITION BY user_id) AS first FROM {shop_clickhouse()}) GROUP BY user_id, first)"
        " GROUP BY first ORDER BY first"
    )
    value = "retention(event IS NOT NULL, event IS NOT NULL, period => '7d', periods => 4)"
    found = [
        {"start": row.start, "size": row.value["size"]} | {f"r{i}": n for i, n in enumerate(row.value["returned"], 2)}
        for row in rows(shop(), value, "tumbling 7d")
        if row.value["size"]
    ]
    assert found == [{name: int(n) for name, n in row.items()} for row in expected]
    assert sum(row["size"] for row in found) == 600


def test_top_pages_users_and_medians_are_those_of_duckdb(database: duckdb.DuckDBPyConnection) -> None:
    """Per day, by platform: the three most frequent events, and users; the median hour within 1 %."""
    counts = database.execute(
        f"SELECT t // {DAY} * {DAY}, platform, event, count(*) FROM shop GROUP BY ALL ORDER BY 1, 2, 4 DESC, 3"
    ).fetchall()
    expected: dict[Any, list[Any]] = defaultdict(list)
    for start, platform, event, n in counts:
        if len(expected[start, platform]) < 3:
            expected[start, platform].append([event, n])
    by = {"by": ("platform",)}
    tops = rows(shop(), "top(event, 3)", "tumbling 1d", **by)
    assert {(r.start, r.dims["platform"]): r.value["items"] for r in tops} == expected
    users = database.execute(
        f"SELECT t // {DAY} * {DAY}, platform, count(DISTINCT user_id), list_sort(list(t % {DAY} / 3600000.0))"
        " FROM shop GROUP BY ALL"
    ).fetchall()
    uniq = {(r.start, r.dims["platform"]): r.value for r in rows(shop(), "uniq(distinct_id)", "tumbling 1d", **by)}
    assert uniq == {(start, platform): n for start, platform, n, _ in users}
    value = f"quantile(timestamp % {DAY} / 3600000, 0.5)"
    hours = {(r.start, r.dims["platform"]): r.value for r in rows(shop(), value, "tumbling 1d", **by)}
    exact = {(start, platform): times[(len(times) - 1) // 2] for start, platform, _, times in users}
    assert hours == pytest.approx(exact, rel=0.0101)


def test_replay_prints_the_rows_of_duckdb(tmp_path: Path, database: duckdb.DuckDBPyConnection) -> None:
    """The command over the recording as a file: purchases per channel, and sliding weeks."""
    file, kpis = tmp_path / "shop.ndjson", tmp_path / "kpis.toml"
    file.write_text("\n".join(map(json.dumps, shop())))
    kpis.write_text(
        "[[kpi]]\nname = 'bought'\nvalue = \"count(*) FILTER (WHERE event = 'purchase')\"\n"
        "window = 'sliding 7d every 1d'\nby = ['acquisition_channel']\n"
    )
    line = [sys.executable, "-m", "gateway", "replay", str(file), "--kpis", str(kpis)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    done = subprocess.run(line, capture_output=True, timeout=60, check=True, cwd=ROOT, env=clean)
    found = {
        (row["start"], row["dims"]["acquisition_channel"]): row["value"]
        for row in map(json.loads, done.stdout.splitlines())
    }
    expected = database.execute(
        f"SELECT (t // {DAY} - i) * {DAY}, acquisition_channel, count(*) FILTER (event = 'purchase')"
        " FROM shop, range(7) r(i) GROUP BY ALL"
    ).fetchall()
    assert found == {(start, channel): n for start, channel, n in expected}


# ---- what its author planted, as the docstring of the package's `datasets/ecom.py` has it ----

CHECKOUT_BUG = (ms("2024-04-09"), ms("2024-05-10"))
PAYMENT_INCIDENT = (ms("2024-05-19"), ms("2024-06-09"))


def weekly(value: str, **further: Any) -> dict[int, float]:
    """A KPI week by week, where it has a value; of one platform, if one is given."""
    platform = further.pop("platform", None)
    where = {"where": f"platform = '{platform}'"} if platform else {}
    return {row.start: row.value for row in rows(shop(), value, "tumbling 7d", **where) if row.value is not None}


def split(values: dict[int, float], span: tuple[int, int]) -> tuple[list[float], list[float]]:
    """Weeks that lie in a span, and those that do not touch it."""
    inside = [value for start, value in values.items() if span[0] <= start and start + WEEK <= span[1]]
    outside = [value for start, value in values.items() if start + WEEK <= span[0] or start >= span[1]]
    return inside, outside


def test_the_checkout_bug_shows_on_mobile_alone() -> None:
    """From shipping to payment: every week of the bug is below every week without it, and on desktops nothing is."""
    value = (
        "uniq(session_id) FILTER (WHERE event = 'payment_details')"
        " / uniq(session_id) FILTER (WHERE event = 'shipping_details')"
    )
    during, without = split(weekly(value, platform="mobile"), CHECKOUT_BUG)
    assert len(during) == 4
    assert max(during) < 0.45 < 0.6 < sum(without) / len(without)
    assert sum(value < max(during) for value in without) == 0
    during, without = split(weekly(value, platform="desktop"), CHECKOUT_BUG)
    assert sum(during) / len(during) == pytest.approx(sum(without) / len(without), abs=0.1)
    marked = [r.start for r in rows(shop(), "count(*)", "tumbling 1d", where="event = 'checkout_bug'")]
    assert CHECKOUT_BUG[0] <= min(marked) < max(marked) < CHECKOUT_BUG[1]


def test_the_payment_incident_shows_in_conversion_and_in_support() -> None:
    """Half of those who pay fail, and the chat has four times the visits of a normal week."""
    value = (
        "uniq(session_id) FILTER (WHERE event = 'purchase') / uniq(session_id) FILTER (WHERE event = 'payment_details')"
    )
    during, without = split({s: v for s, v in weekly(value).items() if s >= ms("2024-01-18")}, PAYMENT_INCIDENT)
    assert len(during) == 2
    assert max(during) < 0.45 < 0.7 < min(without)
    during, without = split(weekly("count(*) FILTER (WHERE event = 'support_chat') / sessions()"), PAYMENT_INCIDENT)
    assert min(during) > max(without)
    assert min(during) > 3 * sum(without) / len(without)


def test_the_viral_article_shows_as_trouble_and_little_interest_not_as_traffic() -> None:
    """Its week has the most support chats outside of the payment incident, and since February the fewest carts a view.

    A spike of organic traffic, of which the package speaks, is not in the recording: sessions are spread evenly.
    """
    article = ms("2024-02-29")
    chats = weekly("count(*) FILTER (WHERE event = 'support_chat') / sessions()")
    calm = {start: value for start, value in chats.items() if not ms("2024-05-16") <= start < ms("2024-06-13")}
    assert max(calm, key=lambda start: calm[start]) == article
    carts = weekly("count(*) FILTER (WHERE event = 'add_to_cart') / count(*) FILTER (WHERE event = 'product_view')")
    later = {start: value for start, value in carts.items() if start >= ms("2024-01-25")}
    assert min(later, key=lambda start: later[start]) == article
    organic = weekly("uniq(session_id) FILTER (WHERE acquisition_channel = 'organic')")
    assert organic[article] < 1.5 * organic[article - WEEK]


def test_new_users_and_the_last_cohort_convert_least() -> None:
    """Loyal more than returning more than new; users of April half as often as those of earlier months."""
    value = "uniq(session_id) FILTER (WHERE event = 'purchase') / sessions()"
    stages = {r.dims["user_lifecycle"]: r.value for r in rows(shop(), value, "tumbling 364d", by=("user_lifecycle",))}
    assert stages["new"] < stages["returning"] < stages["loyal"]
    assert stages["loyal"] > 2 * stages["new"]
    months = Counter(
        {r.dims["user_cohort"]: r.value for r in rows(shop(), value, "tumbling 364d", by=("user_cohort",))}
    )
    (last, lowest), *others = sorted(months.items(), key=lambda item: item[1])
    assert last == "2024-04"
    assert all(other > 1.5 * lowest for _, other in others)
