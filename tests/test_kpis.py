"""Which KPI set a setting means."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics import KpiError, KpiSpec
from gateway.errors import ConfigError
from gateway.kpis import load_kpis


def test_nothing_means_the_built_in_set(tmp_path: Path) -> None:
    """And a path means the file there."""
    assert load_kpis("") == KpiSpec.default()
    file = tmp_path / "kpis.toml"
    file.write_text('[[kpi]]\nname = "views"\nvalue = "count(*)"\nwindow = "tumbling 1s"\n')
    assert [spec.name for spec in load_kpis(str(file))] == ["views"]


def test_what_cannot_be_read_names_the_setting(tmp_path: Path) -> None:
    """A missing file and one that is no text are wrong settings; a bad definition names its KPI."""
    file = tmp_path / "kpis.toml"
    with pytest.raises(ConfigError, match="kpis: cannot read"):
        load_kpis(str(file))
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_kpis(str(file))
    file.write_text('[[kpi]]\nname = "views"\nvalue = "count("\nwindow = "tumbling 1s"\n')
    with pytest.raises(KpiError, match="views"):
        load_kpis(str(file))
