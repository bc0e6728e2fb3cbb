"""KPIs over event streams: columns in, rows out. Pure: no I/O, no clock, no randomness, no logging.

`Engine(KpiSpec.load(path))`, then `ingest(batch, now)` and `advance(now)`; `docs` and the docstrings say the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from analytics.batch import Batch
    from analytics.engine import Engine
    from analytics.row import Changes, Row, Verdict
    from analytics.schema import Schema, Use
    from analytics.snapshot import Snapshot
    from analytics.spec import KpiError, KpiSpec

__all__ = ["Batch", "Changes", "Engine", "KpiError", "KpiSpec", "Row", "Schema", "Snapshot", "Use", "Verdict"]

_MODULES: Final = {
    "Batch": "batch",
    "Changes": "row",
    "Engine": "engine",
    "KpiError": "spec",
    "KpiSpec": "spec",
    "Row": "row",
    "Schema": "schema",
    "Snapshot": "snapshot",
    "Use": "schema",
    "Verdict": "row",
}


if not TYPE_CHECKING:  # with it, the type checker would take any name

    def __getattr__(name: str) -> Any:
        """A name of `__all__`, loaded at its first use: who decodes needs dictionaries and no engine."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
