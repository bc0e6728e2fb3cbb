"""The people of the demo come in plausible shares."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from gateway.demo.people import Person

CROWD = [Person.draw(rng, 1_795_334_400_000) for rng in [Random(5)] for _ in range(4_000)]


@pytest.mark.parametrize(
    ("field", "value", "low", "high"),
    [
        ("$device_type", "Mobile", 0.54, 0.62),
        ("$device_type", "Tablet", 0.04, 0.08),
        ("$country", "DE", 0.21, 0.27),
        ("$browser", "Chrome", 0.52, 0.62),
    ],
)
def test_shares(field: str, value: str, low: float, high: float) -> None:
    """Of 4,000 people, each kind is within three standard deviations of its share."""
    count = Counter(person.properties[field] for person in CROWD)[value]
    assert low < count / len(CROWD) < high


def test_people_are_different_persons() -> None:
    """No two share an id, and the same seed draws the same person."""
    assert len({person.distinct_id for person in CROWD}) == len(CROWD)
    assert Person.draw(Random(9), 5) == Person.draw(Random(9), 5)


def test_systems_fit_their_devices() -> None:
    """No Windows phones, no Safari on Windows; the country is under both its names."""
    for person in CROWD:
        found = person.properties
        assert not (found["$device_type"] == "Mobile" and found["$os"] == "Windows")
        assert not (found["$browser"] == "Safari" and found["$os"] in ("Windows", "Android"))
        assert found["$country"] == found["country"]
