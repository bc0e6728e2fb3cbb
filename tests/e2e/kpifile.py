"""KPI files for tests that count exactly."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["long_window", "write_kpis"]

HOUR_MS = 3_600_000


def long_window() -> str:
    """A tumbling window of a day or two that began an hour ago or earlier and has an hour or more to go.

    Windows are aligned to the epoch, so a fixed size would have an end in the middle of some unlucky run.
    """
    now = time.time_ns() // 1_000_000
    for hours in range(24, 48):
        size = hours * HOUR_MS
        if HOUR_MS <= now % size <= size - HOUR_MS:
            return f"tumbling {hours}h"
    raise AssertionError("some size fits at any time")


def write_kpis(path: Path, kpis: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write a KPI file of long windows; `kpis` is by name, each with `value` and what else it needs."""
    window = long_window()
    blocks = []
    for name, keys in kpis.items():
        lines = ["[[kpi]]"]
        lines += [f"{key} = {_toml(value)}" for key, value in {"name": name, "window": window, **keys}.items()]
        blocks.append("\n".join(lines))
    path.write_text("\n\n".join(blocks) + "\n", "utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int):
        return str(value)
    assert isinstance(value, str)
    return "'" + value + "'" if "'" not in value else '"' + value.replace('"', '\\"') + '"'
