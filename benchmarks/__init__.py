"""Measurements behind the figures of the README: `python -m benchmarks NAME`.

Of the gateway: `ingest`, `fanout`, `memory`, `latency`, `demo`. Of the engine: `ysb`, `engine`, `sessions`, `nexmark`.
Each run measures every side on the same machine, the measured process on one core and what drives it on another, checks
that the sides give equal results before it times them, and writes `benchmarks/results/NAME.json`. For a quick check:
`--dry --rounds 1`, for the engine also `--events 100000`. Engines that we compare with are installed by uv into
environments of their own in the user's cache folder; one that cannot be had is named in the result, with the reason.
"""

__all__: list[str] = []
