"""The probe of the latency benchmark."""

from __future__ import annotations

from benchmarks.probe import Plan, Probe, Sightings
from tests.benchmarks.stand_in import stand_in


def test_every_probe_is_seen_once_and_acknowledged_once() -> None:
    """One figure per event sent, none negative, whatever had been counted before the run."""
    with stand_in(counts={"": 17}) as server:
        plan = Plan(server.port, "vk", "wk", gap_ms=5, measure_s=0.3)
        outcome = Probe(plan).run()
    sent = server.counts[""] - 17
    assert sent > 10
    assert len(outcome.seen_ms) == sent
    assert len(outcome.acked_ms) >= sent - 4
    assert min(outcome.seen_ms) >= 0


def test_a_probe_that_had_to_wait_counts_from_when_it_was_due() -> None:
    """With one batch in flight at a time all probes are still sent and seen."""
    with stand_in(window=1) as server:
        outcome = Probe(Plan(server.port, "vk", "wk", gap_ms=1, measure_s=0.2)).run()
    assert len(outcome.seen_ms) == server.counts[""]


def test_sightings_add_up_over_windows_and_leave_out_what_was_before() -> None:
    """When a window ends the next one starts at nothing, and the number seen goes on."""
    sightings = Sightings([{"start": 0, "value": 5}])
    assert sightings.seen() == 0
    sightings.take([{"start": 0, "value": 7}])
    assert sightings.seen() == 2
    sightings.take([{"start": 60_000, "value": 1}, {"start": 0, "value": 8}])
    assert sightings.seen() == 4
    sightings.take([{"start": 60_000, "value": None}])
    assert sightings.seen() == 3
