"""Measurements behind the figures of the README: `python -m benchmarks ingest|fanout|memory|latency`.

Each run measures every side on the same machine, the server on one core and the driver on another, checks that
the sides give equal results before it times them, and writes `benchmarks/results/NAME.json`.
"""

__all__: list[str] = []
