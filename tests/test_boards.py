"""Which boards a setting means."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics import KpiSpec
from gateway.boards import built_in_boards, gaps, load_boards, place_of_boards
from gateway.config import Config
from gateway.core.board import Board, Tile
from gateway.errors import ConfigError


def test_the_built_in_boards_show_the_built_in_kpis() -> None:
    """Each tile names one of them, and each of them has a tile."""
    named = {tile.kpi for board in built_in_boards() for tile in board.tile}
    assert named == {spec.name for spec in KpiSpec.default()}


def test_tiles_of_kpis_that_are_not_there_are_named() -> None:
    """Each by its board and number, edges of a band too; what is in the set is not."""
    tiles = (Tile("there"), Tile("gone"), Tile("there", low="lost", high="there"))
    lines = list(gaps([Board("main", tile=tiles), Board("none")], {"there"}))
    assert lines == [
        "board 'main': tile 2: no KPI 'gone' is in the set",
        "board 'main': tile 3: no KPI 'lost' is in the set",
    ]


def test_without_a_setting_the_file_is_in_the_data_folder(tmp_path: Path) -> None:
    """It need not be there; a file that is asked for must be."""
    assert place_of_boards(Config(data=str(tmp_path))) == tmp_path / "boards.toml"
    assert place_of_boards(Config(boards="mine.toml")) == Path("mine.toml")
    assert load_boards(tmp_path / "boards.toml", must_exist=False) == []
    with pytest.raises(ConfigError, match="boards: cannot read"):
        load_boards(tmp_path / "boards.toml", must_exist=True)
    (tmp_path / "boards.toml").write_text('[[board]]\nname = "main"\n', "utf-8-sig")
    assert [board.name for board in load_boards(tmp_path / "boards.toml", must_exist=True)] == ["main"]


def test_what_cannot_be_read_names_the_setting_the_file_and_the_place(tmp_path: Path) -> None:
    """A folder, no text, and a board that cannot be shown."""
    with pytest.raises(ConfigError, match="boards: cannot read"):
        load_boards(tmp_path, must_exist=False)
    file = tmp_path / "boards.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_boards(file, must_exist=False)
    file.write_text('[[board]]\nname = "main"\nrange = "x"\n')
    with pytest.raises(ConfigError, match=r"boards: .*boards\.toml: line 3, column 9: board 'main'"):
        load_boards(file, must_exist=False)
