"""Families as the Prometheus text has them."""

from __future__ import annotations

from gateway.server.families import counter, counters, gauge, gauges, histogram
from gateway.server.histogram import Histogram
from gateway.server.metrics import Metrics
from tests.server.scrape import scraped


def test_each_kind_is_read_as_it_was_meant() -> None:
    """Names, labels and values come out as they went in; counters get their ending, histograms their three parts."""
    counts = Histogram([1.0])
    counts.add(0.5)
    counts.add(3.0)
    metrics = Metrics()
    before = scraped(metrics.exposition())
    metrics.watch(
        lambda: [
            gauge("a", "One.", 1.5),
            counter("b", "Two.", 2),
            gauges("c", "Three.", "of", {"x": 3, 'y"z': 4}),
            counters("d", "Four.", "of", {"x": 5}),
            histogram("e", "Five.", counts),
        ]
    )
    found = scraped(metrics.exposition())
    own = {name: value for name, value in found.items() if name not in before and not name.endswith("_created")}
    assert own == {
        "a": 1.5,
        "b_total": 2,
        "c{of=x}": 3,
        'c{of=y"z}': 4,
        "d_total{of=x}": 5,
        "e_bucket{le=1.0}": 1,
        "e_bucket{le=+Inf}": 2,
        "e_count": 2,
        "e_sum": 3.5,
    }
