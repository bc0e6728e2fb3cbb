"""What a board may say, whoever says it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from gateway.core.board import MAX_TILES, VIEWS, Annotation, Board, BoardError, Tile

NOON = 1_767_268_800_000


def board(**keys: Any) -> Board:
    """A board with these keys."""
    return Board.of({"name": "main", **keys})


def test_what_is_left_out_follows_from_the_rest() -> None:
    """A board needs a name, a tile a KPI."""
    assert board() == Board("main")
    assert board(tile=[{"kpi": "views"}]).tile == (Tile("views", "auto", "auto", "", "", "", ""),)


def test_a_board_survives_json() -> None:
    """What the page gets is what it may send back."""
    made = board(
        title="Überblick",
        range="1h",
        tile=[
            {"kpi": "a", "view": "band", "size": "wide", "low": "b", "high": "c"},
            *({"kpi": "a", "view": v} for v in VIEWS),
        ],
        annotation=[{"at": NOON, "text": "Release"}],
    )
    assert Board.of(json.loads(json.dumps(made.body()))) == made


def test_equal_boards_have_one_version() -> None:
    """It changes with anything that is seen."""
    first = board(tile=[{"kpi": "a"}, {"kpi": "b"}])
    assert first.version() == board(tile=[{"kpi": "a", "view": "auto"}, {"kpi": "b"}]).version()
    others = [board(tile=[{"kpi": "b"}, {"kpi": "a"}]), board(), first._replace(title="x"), first._replace(range="1h")]
    assert len({first.version(), *(other.version() for other in others)}) == 5


@pytest.mark.parametrize(
    "at",
    [
        NOON,
        "2026-01-01T12:00:00Z",
        "2026-01-01T13:00:00+01:00",
        datetime(2026, 1, 1, 12, tzinfo=UTC),
        datetime(2026, 1, 1, 7, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_a_moment_is_written_in_many_ways(at: Any) -> None:
    """Milliseconds, text with a zone, TOML's own: one moment."""
    assert board(annotation=[{"at": at, "text": "x"}]).annotation == (Annotation(NOON, "x"),)


@pytest.mark.parametrize(
    ("table", "reason", "path", "key"),
    [
        ([], "a board is a table", None, ""),
        ({}, "'name' is missing", None, ""),
        ({"name": "a b"}, "a name is letters", None, "name"),
        ({"name": "all"}, "the board of all KPIs", None, "name"),
        ({"name": "m", "colour": 1}, "unknown key 'colour'", None, "colour"),
        ({"name": "m", "title": "x" * 201}, "'title' is a text of at most 200", None, "title"),
        ({"name": "m", "range": "soon"}, "'soon' is no range", None, "range"),
        ({"name": "m", "range": "30s"}, "not between 1m and 24h", None, "range"),
        ({"name": "m", "range": "2d"}, "not between 1m and 24h", None, "range"),
        ({"name": "m", "range": 60}, "60 is no range", None, "range"),
        ({"name": "m", "tile": {}}, "'tile' is a list", None, "tile"),
        ({"name": "m", "tile": [1]}, "tile 1: 'tile' is a list of tables", ("tile", 0), ""),
        ({"name": "m", "tile": [{"kpi": "a"}, {}]}, "tile 2: 'kpi' is missing", ("tile", 1), ""),
        ({"name": "m", "tile": [{"kpi": ""}]}, "tile 1: a name is letters", ("tile", 0), "kpi"),
        ({"name": "m", "tile": [{"kpi": "a", "view": "pie"}]}, "unknown view 'pie'; there", ("tile", 0), "view"),
        ({"name": "m", "tile": [{"kpi": "a", "size": []}]}, "unknown size []", ("tile", 0), "size"),
        ({"name": "m", "tile": [{"kpi": "a", "low": 1}]}, "a name is letters", ("tile", 0), "low"),
        ({"name": "m", "tile": [{"kpi": "a"}] * (MAX_TILES + 1)}, "at most 120 of 'tile'", ("tile", MAX_TILES), ""),
        ({"name": "m", "annotation": [{"at": "noon", "text": ""}]}, "'noon' is no time", ("annotation", 0), "at"),
        ({"name": "m", "annotation": [{"at": "2026-01-01T12:00", "text": ""}]}, "has no zone", ("annotation", 0), "at"),
        ({"name": "m", "annotation": [{"at": True, "text": ""}]}, "True is no time", ("annotation", 0), "at"),
        ({"name": "m", "annotation": [{"at": -1, "text": ""}]}, "-1 is no time", ("annotation", 0), "at"),
        ({"name": "m", "annotation": [{"at": 1e12, "text": ""}]}, "is no time", ("annotation", 0), "at"),
        ({"name": "m", "annotation": [{"at": 1}]}, "'text' is missing", ("annotation", 0), ""),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(table: Any, reason: str, path: Any, key: str) -> None:
    """With the part, the key and the reason, on one line."""
    with pytest.raises(BoardError) as refused:
        Board.of(table)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (refused.value.path, refused.value.key) == (path, key)
