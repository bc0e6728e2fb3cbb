"""What operators are told of a file that was refused."""

from __future__ import annotations

import pytest

from analytics import KpiError
from gateway.errors import ConfigError, FileError
from gateway.server.refusal import Refusal


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KpiError("a", "why", 4, 21), ("definition", "a", 4, 21, "line 4, column 21: KPI 'a': why")),
        (KpiError("k.toml", "why", 1, 2, "syntax"), ("syntax", "", 1, 2, "k.toml: line 1, column 2: why")),
        (KpiError("a", "too much", slug="memory"), ("memory", "a", None, None, "KPI 'a': too much")),
        (FileError("kpis", "no", "unreadable"), ("unreadable", "", None, None, "kpis: no")),
        (FileError("boards", "no", "definition", (3, 9), "b"), ("definition", "b", 3, 9, "boards: no")),
        (ConfigError("kpis", "no"), ("unreadable", "", None, None, "kpis: no")),
    ],
)
def test_each_error_has_its_slug_and_place(error: KpiError | ConfigError, told: tuple[object, ...]) -> None:
    """The name is that of the KPI or board, never that of the file."""
    assert Refusal.of(error, "f.toml", 7) == (7, "f.toml", *told)
