"""Boards: what the dashboard shows, checked alike whether a file or the page's editor says it.

A board names KPIs and does not need them: one that does not run is a tile that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from analytics.window import duration_ms

__all__ = ["MAX_BOARDS", "MAX_TILES", "RESERVED", "SIZES", "VIEWS", "Annotation", "Board", "BoardError", "Tile"]

VIEWS: Final = ("auto", "number", "series", "bars", "funnel", "retention", "top", "band", "sessions")
SIZES: Final = ("auto", "small", "wide", "tall", "large")

MAX_BOARDS: Final = 64
MAX_TILES: Final = 120
"""Each may need a subscription of its own, and a viewer has 128."""
MAX_ANNOTATIONS: Final = 500
MAX_TITLE: Final = 200
MAX_TEXT: Final = 500
RESERVED: Final = "all"
"""The board of all KPIs, which the page makes itself."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS, _LAST_MS = 0, 253_402_300_800_000
"""The years 1970 to 9999."""
_SHORTEST, _LONGEST = 60_000, 86_400_000
"""A minute; and a day, which is how far the ring of panes reaches back."""


class BoardError(Exception):
    """A board that cannot be shown: which part, why. `path` leads to it: `("tile", 2)`; `key` is the key in it."""

    def __init__(self, reason: str, path: tuple[str, int] | None = None, key: str = "") -> None:
        place = "" if path is None else f"{path[0]} {path[1] + 1}: "
        super().__init__(" ".join(f"{place}{reason}".split()))
        self.path = path
        self.key = key


class Tile(NamedTuple):
    """One KPI, and how it is shown. Empty texts stand for what follows from the KPI or the board."""

    kpi: str
    view: str = "auto"
    size: str = "auto"
    title: str = ""
    range: str = ""
    low: str = ""
    """For the view `band`: the KPI that is its lower edge; without one, the edge is the stated error."""
    high: str = ""


class Annotation(NamedTuple):
    """Something that happened: a line in every trend."""

    at: int
    """Epoch milliseconds."""
    text: str


class Board(NamedTuple):
    """One page of tiles."""

    name: str
    title: str = ""
    range: str = ""
    tile: tuple[Tile, ...] = ()
    annotation: tuple[Annotation, ...] = ()

    @classmethod
    def of(cls, table: Any) -> Board:
        """A board out of a table, such as TOML or JSON gives.

        Raises:
            BoardError: it cannot be shown.
        """
        if not isinstance(table, Mapping):
            raise BoardError("a board is a table")
        parts = {"tile": _parts(table, "tile", MAX_TILES), "annotation": _parts(table, "annotation", MAX_ANNOTATIONS)}
        own = {key: value for key, value in table.items() if key not in parts}
        values = _checked(own, _BOARD, ("name",))
        if values["name"] == RESERVED:
            raise BoardError(f"the name {RESERVED!r} is that of the board of all KPIs", key="name")
        tiles = [Tile(**_inside("tile", i, part, _TILE, ("kpi",))) for i, part in enumerate(parts["tile"])]
        notes = [
            Annotation(**_inside("annotation", i, part, _NOTE, ("at", "text")))
            for i, part in enumerate(parts["annotation"])
        ]
        return cls(**values, tile=tuple(tiles), annotation=tuple(notes))

    def body(self) -> dict[str, Any]:
        """As JSON-able values, every key there."""
        tiles = [part._asdict() for part in self.tile]
        return self._asdict() | {"tile": tiles, "annotation": [part._asdict() for part in self.annotation]}

    def version(self) -> str:
        """A text that is equal exactly for equal boards."""
        return blake2b(orjson.dumps(self.body()), digest_size=8).hexdigest()


_Check = Callable[[str, Any], Any]


def _name(key: str, value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BoardError("a name is letters, digits, '_', '.' and '-', at most 100", key=key)
    return value


def _name_or_none(key: str, value: Any) -> str:
    return "" if value == "" else _name(key, value)


def _text(most: int) -> _Check:
    def check(key: str, value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise BoardError(f"{key!r} is a text of at most {most} characters", key=key)
        return value

    return check


def _one_of(known: tuple[str, ...]) -> _Check:
    def check(key: str, value: Any) -> str:
        if value not in known:
            raise BoardError(f"unknown {key} {_shown(value)}; there are {', '.join(known)}", key=key)
        return str(value)

    return check


def _range(key: str, value: Any) -> str:
    if value == "":
        return ""
    try:
        ms = duration_ms(value if isinstance(value, str) else "")
    except ValueError:
        raise BoardError(f"{_shown(value)} is no range such as 15m, 1h or 24h", key=key) from None
    if not _SHORTEST <= ms <= _LONGEST:
        raise BoardError(f"the range {value} is not between 1m and 24h", key=key)
    return str(value)


def _moment(key: str, value: Any) -> int:
    """A time with its zone: epoch milliseconds, ISO-8601, or what TOML reads as a date and time."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise BoardError(f"{_shown(value)} is no time such as 2026-01-31T12:00:00Z", key=key) from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BoardError(f"the time {value.isoformat()} has no zone, such as Z or +01:00", key=key)
        value = (value - _EPOCH) // timedelta(milliseconds=1)
    if type(value) is not int or not _FIRST_MS <= value < _LAST_MS:
        raise BoardError(f"{_shown(value)} is no time such as 2026-01-31T12:00:00Z", key=key)
    return value


_BOARD: Final[dict[str, _Check]] = {"name": _name, "title": _text(MAX_TITLE), "range": _range}
_TILE: Final[dict[str, _Check]] = {
    "kpi": _name,
    "view": _one_of(VIEWS),
    "size": _one_of(SIZES),
    "title": _text(MAX_TITLE),
    "range": _range,
    "low": _name_or_none,
    "high": _name_or_none,
}
_NOTE: Final[dict[str, _Check]] = {"at": _moment, "text": _text(MAX_TEXT)}


def _parts(table: Mapping[str, Any], key: str, most: int) -> list[Any]:
    parts = table.get(key, [])
    if not isinstance(parts, list):
        raise BoardError(f"{key!r} is a list of tables", key=key)
    if len(parts) > most:
        raise BoardError(f"at most {most} of {key!r}", (key, most))
    return parts


def _inside(
    kind: str, number: int, table: Any, checks: Mapping[str, _Check], needed: tuple[str, ...]
) -> dict[str, Any]:
    """The values of a part; its errors lead to it."""
    try:
        if not isinstance(table, Mapping):
            raise BoardError(f"{kind!r} is a list of tables")
        return _checked(table, checks, needed)
    except BoardError as e:
        raise BoardError(str(e), (kind, number), e.key) from None


def _checked(table: Mapping[str, Any], checks: Mapping[str, _Check], needed: tuple[str, ...]) -> dict[str, Any]:
    for key in table:
        if key not in checks:
            raise BoardError(f"unknown key {_shown(key)}", key=str(key))
    for key in needed:
        if key not in table:
            raise BoardError(f"{key!r} is missing")
    return {key: checks[key](key, value) for key, value in table.items()}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}.."
