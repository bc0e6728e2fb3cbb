"""What a Prometheus server reads of a server's metrics."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["scraped"]


def scraped(exposition: bytes) -> dict[str, float]:
    """Sample, with its labels -> value."""
    found = {}
    for family in text_string_to_metric_families(exposition.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found
