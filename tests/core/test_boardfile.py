"""Files of boards: read, refused with the place, written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.board import SIZES, VIEWS, Annotation, Board, Tile
from gateway.core.boardfile import BoardFileError, parse_boards, toml_of
from tests.house.surface import Page
from tests.house.tree import ROOT

GOOD = """
[[board]]
name = "main"
title = "Main"

[[board.tile]]
kpi = "views"

[[board.annotation]]
at = 2026-01-01T12:00:00Z
text = "Release"

  [[ board . tile ]]
view = "number"
kpi = "buyers"

[[board]]
name = "second"
tile = [{ kpi = "views" }]
"""


def test_a_file_is_read() -> None:
    """Boards in their order, parts in theirs, headers or inline."""
    main, second = parse_boards(GOOD)
    assert [tile.kpi for tile in main.tile] == ["views", "buyers"]
    assert main.annotation == (Annotation(1_767_268_800_000, "Release"),)
    assert second.tile == (Tile("views"),)
    assert parse_boards("") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[board]\nx = 1", "b.toml: line 1, column 8: "),
        ("x =", "b.toml: "),
        ("[other]\n", "b.toml: unknown table 'other'"),
        ("board = 1", "'board' is a list of at most 64 tables"),
        ("[[board]]\nname='a'\n" * 65, "'board' is a list of at most 64"),
        (GOOD.replace('"number"', '"nmbr"'), "b.toml: line 14, column 8: board 'main': tile 2: unknown view 'nmbr'"),
        (GOOD.replace('kpi = "buyers"', ""), "b.toml: line 13, column 3: board 'main': tile 2: 'kpi' is missing"),
        (GOOD.replace("Release", "x" * 501), "line 11, column 8: board 'main': annotation 1: 'text' is a text"),
        (GOOD.replace('"Main"', "3"), "line 4, column 9: board 'main': 'title' is a text"),
        (GOOD.replace("second", "main"), "line 18, column 8: board 'main': the name is taken"),
        (GOOD.replace('{ kpi = "views" }', "{}"), "line 17, column 1: board 'second': tile 1: 'kpi' is missing"),
        ("[[board]]\ntitle = 'x'", "line 1, column 1: board number 1: 'name' is missing"),
        ("board = [3]", "b.toml: board number 1: a board is a table"),
        ("[[board]]\nname = 'a'\ntitle = " + "9" * 5000, "a number has too many digits"),
        ("[[board]]\nx = " + "[" * 5000, "b.toml: nested too deep"),
    ],
)
def test_a_file_is_refused_with_its_name_the_place_and_the_reason(text: str, reason: str) -> None:
    """On one line; `at end of document` included."""
    with pytest.raises(BoardFileError) as refused:
        parse_boards(text, "b.toml")
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


NAMES = st.sampled_from(["a", "views", "_x.y-z", "conversion_rate"])
TEXTS = st.text(max_size=20)
RANGES = st.sampled_from(["", "15m", "1h", "24h"])
TILES = st.builds(
    Tile, NAMES, st.sampled_from(VIEWS), st.sampled_from(SIZES), TEXTS, RANGES, st.just("") | NAMES, st.just("") | NAMES
)
NOTES = st.builds(Annotation, st.integers(0, 253_402_300_799_999), TEXTS)
BOARDS = st.builds(
    Board,
    NAMES,
    TEXTS,
    RANGES,
    st.lists(TILES, max_size=4).map(tuple),
    st.lists(NOTES, max_size=3).map(tuple),
)


@pytest.mark.hypothesis
@given(st.lists(BOARDS, max_size=3, unique_by=lambda board: board.name))
def test_what_is_written_is_read_back(boards: list[Board]) -> None:
    """Whatever texts they hold: quotes, control characters, other scripts."""
    assert parse_boards(toml_of(boards)) == boards


def test_what_goes_without_saying_is_not_written() -> None:
    """So that a file stays readable."""
    assert toml_of([Board("a", tile=(Tile("k"),))]) == '[[board]]\nname = "a"\n\n[[board.tile]]\nkpi = "k"\n'


def test_the_examples_of_the_documentation_can_be_shown() -> None:
    """Each file that docs/boards.md and the README show is one."""
    for page in (ROOT / "docs" / "boards.md", ROOT / "README.md"):
        blocks = re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        shown = [parse_boards(block, page.name) for block in blocks if "[[board]]" in block]
        assert shown
        assert all(board.tile for boards in shown for board in boards)


def test_the_documentation_names_every_view() -> None:
    """In the table of docs/boards.md, and no other."""
    assert Page.of(ROOT, "boards").first_tokens() == set(VIEWS)
