"""Five years of commits of one author, by the clock where they live, against DuckDB and ClickHouse."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.oracles.clickhouse import ask, table
from tests.oracles.recordings import commits, rows

HOME = "America/Chicago"
DAY = 86_400_000


def test_days_are_those_of_the_author() -> None:
    """Commits per local day, over ten changes of the clock; ClickHouse knows the zone by itself."""
    values = table("t Int64", ((event["timestamp"],) for event in commits()))
    expected = ask(
        f"SELECT toUnixTimestamp(toStartOfDay(toDateTime(intDiv(t, 1000), '{HOME}'))) AS start, toUInt32(count()) AS n"
        f" FROM {values} GROUP BY start"
    )
    found = {row.start: row.value for row in rows(commits(), "count(*)", "tumbling 1d", tz=HOME)}
    assert sum(found.values()) == 4_916
    assert found == {int(row["start"]) * 1_000: int(row["n"]) for row in expected}
    lengths = {row.end - row.start for row in rows(commits(), "count(*)", "tumbling 1d", tz=HOME)}
    assert DAY in lengths


def test_the_day_so_far_is_a_running_count() -> None:
    """`cumulative 1d every 1h` in the zone: each row counts the commits of its day up to its end."""
    by_day: dict[str, list[int]] = {}
    for event in commits():
        local = datetime.fromtimestamp(event["timestamp"] / 1_000, ZoneInfo(HOME))
        by_day.setdefault(local.date().isoformat(), []).append(event["timestamp"])
    found = rows(commits(), "count(*)", "cumulative 1d every 1h", tz=HOME)
    assert len(found) > 10_000
    for row in found:
        day = datetime.fromtimestamp(row.start / 1_000, UTC).astimezone(ZoneInfo(HOME)).date().isoformat()
        assert row.value == sum(time < row.end for time in by_day[day])


def test_sittings_are_sessions() -> None:
    """Commits at most an hour apart: as ClickHouse finds them by looking at the one before."""
    values = table("t Int64", ((event["timestamp"],) for event in commits()))
    expected = ask(
        "SELECT toInt64(min(t)) AS first, toInt64(max(t)) AS last, toUInt32(count()) AS n FROM (SELECT t,"
        " sum(fresh) OVER (ORDER BY t ROWS UNBOUNDED PRECEDING) AS nth FROM (SELECT t,"
        " t - lagInFrame(t, 1, -1000000000) OVER"
        f" (ORDER BY t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 3600000 AS fresh FROM {values})) GROUP BY nth"
    )
    found = rows(commits(), "count(*)", "session 1h")
    assert Counter((r.start, r.end - 3_600_000, r.value) for r in found) == Counter(
        (int(row["first"]), int(row["last"]), int(row["n"])) for row in expected
    )
