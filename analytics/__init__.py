"""KPIs over event streams: columns in, rows out. Pure: no I/O, no clock, no randomness, no logging.

`Engine(KpiSpec.load(path))`, then `ingest(batch, now)` and `advance(now)`; `docs` and the docstrings say the rest.
"""

from __future__ import annotations

from analytics.batch import Batch
from analytics.engine import Engine
from analytics.row import Changes, Row, Verdict
from analytics.schema import Schema, Use
from analytics.snapshot import Snapshot
from analytics.spec import KpiError, KpiSpec

__all__ = ["Batch", "Changes", "Engine", "KpiError", "KpiSpec", "Row", "Schema", "Snapshot", "Use", "Verdict"]
