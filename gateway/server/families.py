"""Families of metrics in the form that the Prometheus client writes."""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from gateway.server.histogram import Histogram

__all__ = ["counter", "counters", "gauge", "gauges", "histogram"]


def gauge(name: str, text: str, value: float) -> Metric:
    """One value that goes up and down."""
    return GaugeMetricFamily(name, text, value=value)


def counter(name: str, text: str, value: float) -> Metric:
    """One value that only grows; `_total` is put behind its name."""
    return CounterMetricFamily(name, text, value=value)


def counters(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    """A counter for each value of a label."""
    return _labelled(CounterMetricFamily(name, text, labels=[label]), values)


def gauges(name: str, text: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    """A gauge for each value of a label."""
    return _labelled(GaugeMetricFamily(name, text, labels=[label]), values)


def histogram(name: str, text: str, counts: Histogram) -> Metric:
    """Counts by bound, and the sum of all values."""
    family = HistogramMetricFamily(name, text)
    family.add_metric([], counts.buckets(), counts.total)
    return family


def _labelled(family: CounterMetricFamily | GaugeMetricFamily, values: dict[str, int] | dict[str, float]) -> Metric:
    for label, value in values.items():
        family.add_metric([label], value)
    return family
