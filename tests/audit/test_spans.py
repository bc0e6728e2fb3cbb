"""Which windows an event lies in, as SQL, against the windows of the model."""

from __future__ import annotations

import random
from datetime import date

import duckdb
import pytest

from analytics.window import Window
from gateway.audit.spans import Spans, floored
from tests.analytics import model

BERLIN = (date(2025, 3, 30).toordinal() - model.EPOCH - 1) * model.DAY
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "zone", "base", "expected"),
    [
        ("tumbling 5s", "UTC", -20_000, model.even(5_000, 5_000)),
        ("sliding 10s every 4s", "UTC", -20_000, model.even(10_000, 4_000)),
        ("cumulative 15s every 5s", "UTC", -20_000, model.steps(15_000, 5_000)),
        ("tumbling 1d", "Europe/Berlin", BERLIN, model.days("Europe/Berlin", BERLIN, 1, 1)),
        ("sliding 3d every 1d", "Europe/Berlin", BERLIN, model.days("Europe/Berlin", BERLIN, 3, 1)),
        ("cumulative 1d every 4h", "Europe/Berlin", BERLIN, model.day_steps("Europe/Berlin", BERLIN, 4 * HOUR)),
    ],
)
def test_windows_are_those_of_the_model(text: str, zone: str, base: int, expected: model.Spans) -> None:
    """Before 1970 too, and over a day of 23 hours. Rows of these windows are known as such."""
    rng = random.Random(text)
    times = sorted(base + rng.randint(0, 40_000 if zone == "UTC" else 3 * model.DAY) for _ in range(50))
    spans = Spans(Window.parse(text, zone), 0)
    with duckdb.connect() as database:
        database.execute("CREATE TABLE events (t BIGINT, n BIGINT, mark BIGINT)")
        database.executemany("INSERT INTO events VALUES (?, ?, 0)", [(t, n) for n, t in enumerate(times)])
        database.execute("CREATE TABLE spans (ws BIGINT, we BIGINT)")
        if spans.local:
            database.executemany("INSERT INTO spans VALUES (?, ?)", spans.table(times[0], times[-1]))
        rows = database.execute(f"SELECT t, ws, we FROM ({spans.spread('events', 'TRUE')})").fetchall()
        last = database.execute(f"SELECT t, {spans.gone().partition(' + 0 <=')[0]} FROM events").fetchall()
    assert sorted(rows) == sorted((t, start, end) for t in times for start, end in expected(t))
    assert dict(last) == {t: max(end for _, end in expected(t)) for t in times}
    assert all(spans.own(start, end) for _, start, end in rows)
    assert not spans.own(rows[0][1], rows[0][2] + 1)


def test_a_time_is_rounded_down_on_both_sides_of_1970() -> None:
    """To a multiple of the width."""
    with duckdb.connect() as database:
        assert database.execute(f"SELECT {floored('-1', 10)}, {floored('0', 10)}, {floored('19', 10)}").fetchone() == (
            -10,
            0,
            10,
        )
