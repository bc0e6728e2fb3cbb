"""When local days begin."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from analytics.zone import DAY, known, midnights
from tests.analytics.model import local_days

HOUR = 3_600_000


def ms(text: str) -> int:
    """Epoch ms of a UTC time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/Berlin", "2025-03-29 23:00", 23),
        ("Europe/Berlin", "2025-10-25 22:00", 25),
        ("Europe/Berlin", "2050-07-01 22:00", 24),
        ("America/Sao_Paulo", "2018-11-04 03:00", 23),  # there was no midnight: the day began at one
        ("America/Sao_Paulo", "2019-02-16 02:00", 25),
        ("America/Havana", "2024-11-03 04:00", 25),  # the first of two midnights
        ("Asia/Kolkata", "2025-03-29 18:30", 24),
        ("Australia/Lord_Howe", "2025-04-05 13:00", 24.5),
        ("Pacific/Apia", "2011-12-29 10:00", 24),  # the next day is the 31st
        ("UTC", "2025-03-30 00:00", 24),
    ],
)
def test_a_day_begins_at_its_first_instant_and_has_its_hours(zone: str, start: str, hours: float) -> None:
    """Changes of the clock make days of 23, 25 and other hours; none is left out and none is empty."""
    days = midnights(zone)
    at = days.index(ms(start))
    assert days[at + 1] - days[at] == hours * HOUR


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia", "Africa/Cairo"])
@pytest.mark.parametrize("around", ["1990-10-20 00:00", "2011-12-30 00:00", "2018-11-04 00:00", "2025-03-30 00:00"])
def test_days_are_those_that_a_clock_shows(zone: str, around: str) -> None:
    """A walk through the time in quarters of an hour, reading the local date, meets the same days."""
    found = local_days(zone, ms(around))
    days = midnights(zone)
    at = days.index(found[0])
    assert days[at : at + len(found)].tolist() == found


def test_the_table_reaches_from_1970_to_2100() -> None:
    """It ascends, begins with the first local day of 1970 and ends with that of 2100."""
    days = midnights("Europe/Berlin")
    assert (days[0], days[-1]) == (-HOUR, ms("2099-12-31 23:00"))
    assert all(a < b <= a + DAY + HOUR for a, b in pairwise(days))


@pytest.mark.parametrize("name", ["", "Berlin", "europe/berlin", "../zones", "Europe/"])
def test_other_names_are_unknown(name: str) -> None:
    """There is no such zone, and no file is looked for under that name."""
    assert known("Europe/Berlin")
    assert not known(name)
    with pytest.raises(KeyError):
        midnights(name)
