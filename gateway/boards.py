"""The boards that are asked for: a file, or those saved in the data folder over the built-in ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config import Config
from gateway.core.board import Board
from gateway.core.boardfile import BoardFileError, parse_boards
from gateway.errors import FileError

if TYPE_CHECKING:
    from gateway.server.house import House
    from gateway.server.shelf import Shelf

__all__ = ["built_in_boards", "gaps", "load_boards", "place_of_boards", "shelf_of"]

FILE = "boards.toml"


def place_of_boards(config: Config) -> Path:
    """The file that is read and watched."""
    return Path(config.boards) if config.boards else Path(config.data, FILE)


def load_boards(path: Path, *, must_exist: bool) -> list[Board]:
    """The boards of a file; none when there is no file and there need not be one.

    Raises:
        FileError: the file cannot be read or shown; with its name, the place in it and the reason.
    """
    try:
        return parse_boards(path.read_text("utf-8-sig"), str(path))
    except FileNotFoundError as error:
        if must_exist:
            raise FileError("boards", f"cannot read {path}: {error.strerror}", "unreadable") from None
        return []
    except OSError as error:
        raise FileError("boards", f"cannot read {path}: {error.strerror}", "unreadable") from None
    except UnicodeDecodeError:
        raise FileError("boards", f"{path} is not UTF-8", "unreadable") from None
    except BoardFileError as error:
        raise FileError("boards", str(error), error.slug, error.place, error.name) from None


def built_in_boards() -> list[Board]:
    """The boards made for the built-in KPI set."""
    return parse_boards(resources.files("gateway").joinpath(FILE).read_text("utf-8"), FILE)


def gaps(boards: Iterable[Board], kpis: Collection[str]) -> Iterator[str]:
    """A line for each name of a KPI on a tile that is none of `kpis`: a tile that would say so, or a name misspelt."""
    for board in boards:
        for number, tile in enumerate(board.tile, 1):
            for name in (tile.kpi, tile.low, tile.high):
                if name and name not in kpis:
                    yield f"board {board.name!r}: tile {number}: no KPI {name!r} is in the set"


def shelf_of(house: House, config: Config) -> Shelf:
    """The boards of a running gateway.

    Raises:
        ConfigError: their file cannot be read or shown.
    """
    # Imported late: commands that only read boards start without the server.
    from gateway.server.shelf import Shelf

    given = bool(config.boards)
    return Shelf(
        house,
        place_of_boards(config),
        lambda path: load_boards(path, must_exist=given),
        built_in=() if given else built_in_boards(),
        writable=not given or config.boards_writable,
    )
