"""Local days of a time zone: when each of them begins.

The rules come from the `tzdata` package and never from the machine, so that the same events give the same rows
everywhere. A day begins with its first instant: at the end of the gap where the clock jumps over midnight, at the first
of two midnights where it is set back over it. A day that a zone skipped altogether, as Samoa did, is none.
"""

from __future__ import annotations

from array import array
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["DAY", "known", "midnights"]

DAY: Final = 86_400_000
FIRST: Final = date(1970, 1, 1)
LAST: Final = date(2100, 1, 1)
"""The table ends here; before and behind it every day has 24 hours."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def known(name: str) -> bool:
    """Whether there is a time zone of this name, such as `Europe/Berlin`."""
    return name in _names()


@cache
def _names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@lru_cache(maxsize=16)
def midnights(name: str) -> array[int]:
    """The first instants of the local days from 1970 to 2100, in epoch ms, ascending.

    Cost: about 0.15 s for a zone that was not asked for lately. Raises KeyError for an unknown zone.
    """
    if not known(name):
        raise KeyError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        zone = ZoneInfo.from_file(file, key=name)
    days = [datetime(d.year, d.month, d.day, tzinfo=zone) for d in map(date.fromordinal, _days())]
    offsets = [round((day.utcoffset() or timedelta()).total_seconds() * 1_000) for day in days]
    starts = [i * DAY - offset for i, offset in enumerate(offsets)]
    for i, day in enumerate(days):
        if offsets[i - 1] != offsets[i] or offsets[min(i + 1, len(days) - 1)] != offsets[i]:
            starts[i] = _first_instant(day, zone)
    return array("q", sorted(set(starts)))


def _days() -> range:
    return range(FIRST.toordinal(), LAST.toordinal() + 1)


def _first_instant(day: datetime, zone: ZoneInfo) -> int:
    """When a local day begins, near a change of the clock. `day` is its midnight, if there is one."""
    there = day.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) == day.replace(tzinfo=None):
        return _ms(there)
    # The clock jumps over midnight: the last second before the jump is still of an earlier day.
    low, high = _ms(there) - DAY, _ms(there) + DAY
    while high - low > 1_000:
        middle = (low + high) // 2_000 * 1_000
        local = (_EPOCH + timedelta(milliseconds=middle)).astimezone(zone)
        low, high = (low, middle) if local.date() >= day.date() else (middle, high)
    return high


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
