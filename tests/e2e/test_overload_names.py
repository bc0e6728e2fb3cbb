"""Floods of names: events, people, properties and producers that nobody has heard of, and nesting without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.flooded import Flooded

EVENTS = 60_000


@pytest.mark.parametrize("kind", ["names", "users", "properties"])
def test_values_that_never_come_again(tmp_path: Path, kind: str) -> None:
    """Totals are exact, what is too much for a breakdown is `__other__`, and its rows are bounded."""
    with Flooded(tmp_path) as under:
        with under.flood(kind, 4, prime=EVENTS, rate=5) as outcome:
            under.until(lambda m: m["tidegate_events_total{verdict=accepted}"] >= EVENTS)
        assert outcome.sent * 100 >= EVENTS
        found = under.hold()
        assert found["tidegate_events_total{verdict=rejected}"] == 0
        assert outcome.verdicts == {}
        by_event = under.gateway.rows("by_event")
        assert sum(row["value"] for row in by_event) == found["tidegate_events_total{verdict=accepted}"] + 10
        windows = {row["start"] for row in by_event}
        assert len(by_event) <= 51 * len(windows)
        if kind == "names":
            assert "__other__" in {row["dims"]["event"] for row in by_event}
        if kind == "properties":
            by_country = under.gateway.rows("by_country")
            assert "__other__" in {row["dims"]["country"] for row in by_country}


def test_producers_that_never_come_again(tmp_path: Path) -> None:
    """As many as may be are remembered; the one that is connected is not forgotten for them, and repeats are known."""
    with Flooded(tmp_path, dedup_producers=500) as under:
        with under.flood("producers", 8) as outcome:
            under.until(lambda m: m["tidegate_producers_forgotten_total"] >= 1_500)
        assert outcome.verdicts == {}
        found = under.hold()
        assert found["tidegate_producers_known"] == 500
        assert found["tidegate_events_total{verdict=accepted}"] >= 2_000


def test_nesting_without_end(tmp_path: Path) -> None:
    """Each such event is dropped by name, whether it is 17 or 20,000 deep; its batch is acked, and nothing raises."""
    with Flooded(tmp_path) as under:
        with under.flood("deep", 4, prime=2_000, rate=5) as outcome:
            under.until(lambda m: m["tidegate_events_total{verdict=rejected}"] >= 2_000)
        assert set(outcome.verdicts) == {"drop:too_deep"}
        found = under.hold()
        assert found["tidegate_verdicts_total{reason=too_deep}"] == found["tidegate_events_total{verdict=rejected}"]
        assert under.gateway.status()["quarantine"]
        assert "Traceback" not in under.gateway.log()
