"""Metrics: counting, and the text that Prometheus reads."""

from __future__ import annotations

import pytest

from gateway.server.families import gauge
from gateway.server.metrics import Metrics
from gateway.version import VERSION
from tests.server.scrape import scraped


def test_everything_starts_at_zero() -> None:
    """Before anything happened, every counter is there and 0."""
    found = scraped(Metrics().exposition())
    assert found["tidegate_ack_seconds_count"] == 0
    assert found["tidegate_commit_bytes_sum"] == 0
    assert found["tidegate_welcomes_total{role=viewer}"] == 0
    assert found.pop(f"tidegate_build_info{{version={VERSION}}}") == 1
    of_the_process = {name: found.pop(name) for name in list(found) if name.startswith("process_")}
    assert of_the_process["process_start_time_seconds"] > 0
    assert not any(found.values())


def test_what_is_counted_is_shown() -> None:
    """Each call of a counting method shows up in its metric, in base units."""
    metrics = Metrics()
    metrics.acked(3)
    metrics.acked(700)
    metrics.commit(0.0015, 5000)
    metrics.snapshot_failed()
    metrics.welcomed("producer")
    metrics.reloaded("refused")
    metrics.stalled(-0.001)
    metrics.stalled(0.03)
    metrics.ticked(0.004)
    found = scraped(metrics.exposition())
    assert found["tidegate_ack_seconds_bucket{le=0.002}"] == 0
    assert found["tidegate_ack_seconds_bucket{le=0.005}"] == 1
    assert found["tidegate_ack_seconds_bucket{le=1.0}"] == found["tidegate_ack_seconds_bucket{le=+Inf}"] == 2
    assert found["tidegate_ack_seconds_sum"] == pytest.approx(0.703)
    assert found["tidegate_commit_seconds_count"] == 1
    assert found["tidegate_commit_bytes_sum"] == 5000
    assert found["tidegate_snapshot_failures_total"] == 1
    assert found["tidegate_welcomes_total{role=producer}"] == 1
    assert found["tidegate_kpi_reloads_total{outcome=refused}"] == 1
    assert found["tidegate_kpi_reloads_total{outcome=loaded}"] == 0
    assert found["tidegate_loop_stall_seconds_count"] == 2
    assert found["tidegate_loop_stall_seconds_sum"] == found["tidegate_loop_stall_max_seconds"] == 0.03
    assert found["tidegate_tick_seconds_count"] == 1


def test_what_others_count_is_asked_for_at_each_scrape() -> None:
    """Families of other parts are made anew each time, not copied when they were told."""
    metrics, value = Metrics(), [1.0]
    metrics.watch(lambda: [gauge("tidegate_other", "Of another part.", value[0])])
    assert scraped(metrics.exposition())["tidegate_other"] == 1
    value[0] = 2.0
    assert scraped(metrics.exposition())["tidegate_other"] == 2


def test_two_servers_do_not_mix() -> None:
    """Each `Metrics` has its own registry."""
    one, other = Metrics(), Metrics()
    one.acked(1)
    assert scraped(other.exposition())["tidegate_ack_seconds_count"] == 0
