"""What the demo shop brings along."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics import Engine, KpiSpec
from gateway.boards import built_in_boards, load_boards, place_of_boards
from gateway.config import Config
from gateway.core.board import VIEWS
from gateway.demo.fitting import fit_out
from gateway.errors import ConfigError
from gateway.kpis import load_kpis


def test_the_shop_has_all_that_is_built_in_and_a_funnel(tmp_path: Path) -> None:
    """Within the budget of the defaults; its board has a tile of every kind, and shows nothing that does not run."""
    config = fit_out(Config(data=str(tmp_path / "data")))
    specs = load_kpis(config.kpis)
    own = ["coming_back", "checkout", "at_checkout"]
    assert [spec.name for spec in specs] == [*(spec.name for spec in KpiSpec.default()), *own]
    Engine(specs, memory_budget=config.memory_budget << 20)
    boards = load_boards(place_of_boards(config), must_exist=True)
    assert [board.name for board in boards] == [*(board.name for board in built_in_boards()), "shop"]
    assert {tile.kpi for tile in boards[-1].tile} <= {spec.name for spec in specs}
    assert {tile.view for tile in boards[-1].tile} == set(VIEWS) - {"auto"}


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A second start takes the files as they were changed in between."""
    config = Config(data=str(tmp_path))
    fit_out(config)
    for name in ("kpis.toml", "boards.toml"):
        (tmp_path / name).write_text("changed")
    fit_out(config)
    assert [(tmp_path / name).read_text() for name in ("kpis.toml", "boards.toml")] == ["changed", "changed"]


def test_what_was_asked_for_is_taken(tmp_path: Path) -> None:
    """Nothing is put beside it."""
    config = Config(data=str(tmp_path), kpis="mine.toml", boards="mine-too.toml")
    assert fit_out(config) == config
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_wrong_setting(tmp_path: Path) -> None:
    """In one line that names it."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="data: cannot write"):
        fit_out(Config(data=str(tmp_path / "file" / "data")))
