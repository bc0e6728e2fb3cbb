"""`boards.toml`: its text to boards, and boards to its text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from analytics.place import Places
from gateway.core.board import MAX_BOARDS, Board, BoardError

__all__ = ["BoardFileError", "parse_boards", "toml_of"]

_HEADERS: Final = ("board", "board.tile", "board.annotation")
_AT: Final = re.compile(r" \(at line (\d+), column (\d+)\)")


class BoardFileError(Exception):
    """A file of boards that cannot be shown. The message is one line: the file, the place in it, the reason.

    `slug` says of which kind it is: `syntax`, or a `definition` of the board `name` that cannot be shown.
    """

    def __init__(
        self, origin: str, place: tuple[int | None, int | None], reason: str, slug: str = "syntax", name: str = ""
    ) -> None:
        line, column = place
        where = "" if line is None else f"line {line}, column {column}: "
        super().__init__(" ".join(f"{origin}: {where}{reason}".split()))
        self.place = place
        self.reason = reason
        self.slug = slug
        self.name = name


def parse_boards(text: str, origin: str = "boards.toml") -> list[Board]:
    """Read and check the text of a file of boards; `origin` names it in errors.

    Raises:
        BoardFileError: with line and column in the text.

    >>> parse_boards('[[board]]\\nname = "main"\\n[[board.tile]]\\nkpi = "revenue"')[0].tile[0].kpi
    'revenue'
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        found = _AT.search(str(e))
        place = (int(found[1]), int(found[2])) if found else (None, None)
        raise BoardFileError(origin, place, _AT.sub("", str(e))) from e
    except ValueError as e:
        raise BoardFileError(origin, (None, None), "a number has too many digits") from e
    except RecursionError as e:
        raise BoardFileError(origin, (None, None), "nested too deep") from e
    for key in tables:
        if key != "board":
            raise BoardFileError(origin, (None, None), f"unknown table {key!r}")
    given = tables.get("board", [])
    if not isinstance(given, list) or len(given) > MAX_BOARDS:
        raise BoardFileError(origin, (None, None), f"'board' is a list of at most {MAX_BOARDS} tables, each [[board]]")
    places, boards = Places(text, _HEADERS), dict[str, Board]()
    for number, table in enumerate(given):
        try:
            board = Board.of(table)
            if board.name in boards:
                raise BoardError("the name is taken", key="name")
        except BoardError as e:
            named = table.get("name") if isinstance(table, dict) else None
            name = named if isinstance(named, str) else ""
            whose = f"board {name!r}" if isinstance(named, str) else f"board number {number + 1}"
            raise BoardFileError(origin, _place(places, number, e), f"{whose}: {e}", "definition", name) from e
        boards[board.name] = board
    return list(boards.values())


def _place(places: Places, board: int, error: BoardError) -> tuple[int | None, int | None]:
    """Where the error is; at its board when that is written in another way than with headers."""
    seen, own = -1, None
    part = error.path
    count = 0
    for number, name in enumerate(places.names):
        if name == "board":
            seen += 1
            if seen == board:
                own = number
        elif seen == board and part is not None and name == f"board.{part[0]}":
            if count == part[1]:
                return places.of(number, error.key)
            count += 1
    if own is None:
        return None, None
    return places.of(own, error.key if part is None else "")


def toml_of(boards: Iterable[Board]) -> str:
    """The text that `parse_boards` reads these boards from; what is as it would be anyway is left out."""
    blocks = []
    for board in boards:
        blocks.append(_block("board", {"name": board.name, "title": board.title, "range": board.range}, {}))
        blocks += [_block("board.tile", part._asdict(), {"view": "auto", "size": "auto"}) for part in board.tile]
        blocks += [
            _block("board.annotation", {"at": _time(part.at), "text": part.text}, {"text": None})
            for part in board.annotation
        ]
    return "\n".join(blocks)


def _block(header: str, values: dict[str, Any], plain: dict[str, str | None]) -> str:
    lines = [f"{key} = {_literal(value)}\n" for key, value in values.items() if value != plain.get(key, "")]
    return f"[[{header}]]\n{''.join(lines)}"


def _time(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def _literal(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    # JSON escapes what a basic string of TOML must escape, but for the one control character behind ASCII.
    return orjson.dumps(value).decode().replace("\x7f", "\\u007f")
