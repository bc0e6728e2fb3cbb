"""Who comes to the demo shop: devices, browsers and countries in plausible shares."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from client_sdk.python.ids import uuid7

__all__ = ["Person"]

_DEVICES = {"Mobile": 58, "Desktop": 36, "Tablet": 6}
_BROWSERS = {
    "Mobile": {"Chrome": 55, "Safari": 37, "Firefox": 4, "Edge": 4},
    "Desktop": {"Chrome": 61, "Edge": 16, "Firefox": 12, "Safari": 11},
    "Tablet": {"Safari": 64, "Chrome": 36},
}
_SYSTEMS = {
    ("Mobile", "Safari"): "iOS",
    ("Tablet", "Safari"): "iOS",
    ("Mobile", "Chrome"): "Android",
    ("Tablet", "Chrome"): "Android",
    ("Mobile", "Firefox"): "Android",
    ("Mobile", "Edge"): "Android",
    ("Desktop", "Safari"): "macOS",
}
_COUNTRIES = {"DE": 24, "US": 19, "FR": 12, "GB": 11, "NL": 8, "ES": 7, "PL": 7, "IT": 5, "BR": 4, "JP": 3}


class Person(NamedTuple):
    """One visitor, over any number of sessions."""

    distinct_id: str
    properties: dict[str, Any]
    """What every event of this person carries."""
    patience: float
    """Longer or shorter pauses than others; 1 on average."""

    @classmethod
    def draw(cls, rng: Random, now: int) -> Person:
        """A new person, met at `now` (epoch ms)."""
        device = _pick(rng, _DEVICES)
        browser = _pick(rng, _BROWSERS[device])
        country = _pick(rng, _COUNTRIES)
        properties = {
            "$device_type": device,
            "$browser": browser,
            "$os": _SYSTEMS.get((device, browser), "Windows"),
            "$country": country,
            "country": country,
        }
        return cls(uuid7(now, rng.getrandbits(74)), properties, rng.uniform(0.6, 1.4))


def _pick(rng: Random, shares: dict[str, int]) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]
