"""The boards that pages show: read from a file, watched, and written when a page saves or deletes one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from gateway.core.board import MAX_BOARDS, Board, BoardError
from gateway.core.boardfile import toml_of
from gateway.errors import ConfigError
from gateway.server.filewatch import FileWatch
from gateway.server.house import House
from gateway.server.refusal import Refusal
from gateway.server.reply import Reply, error, json_reply
from gateway.store.folder import write_whole

__all__ = ["CHANGED", "Shelf"]

POLL_S: Final = 1.0
"""How often the file is looked at."""
CHANGED: Final = "boards"
"""The notice that tells viewers to read the boards again."""
_MODE: Final = 0o644

_log = structlog.get_logger("tidegate")


class Shelf:
    """All boards, those of the file before the built-in ones that no board of the file replaces.

    Args:
        path: of the file; it need not be there.
        load: reads it; raises ConfigError.
        built_in: shown beside what the file has.
        writable: whether pages may save boards into the file.

    Raises:
        ConfigError: the file cannot be read.
    """

    def __init__(
        self,
        house: House,
        path: Path,
        load: Callable[[Path], list[Board]],
        *,
        built_in: Iterable[Board] = (),
        writable: bool = True,
    ) -> None:
        self._house = house
        self._path = path
        self._load = load
        self._built_in = tuple(built_in)
        self._writable = writable
        self._file = FileWatch(path)
        self._filed = load(path)
        self._saving = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def boards(self) -> list[Board]:
        """What is shown, in its order."""
        names = {board.name for board in self._filed}
        return [*self._filed, *(board for board in self._built_in if board.name not in names)]

    def body(self) -> bytes:
        """JSON for `GET /v1/boards`."""
        filed, built_in = {board.name for board in self._filed}, {board.name for board in self._built_in}
        boards = [
            board.body()
            | {
                "version": board.version(),
                "built_in": board.name in built_in - filed,
                "over_built_in": board.name in built_in & filed,
            }
            for board in self.boards
        ]
        return orjson.dumps({"boards": boards, "writable": self._writable, "order": _order(self._filed)})

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def reload(self) -> None:
        """Read the file anew. One that cannot be shown changes nothing."""
        self._file.read()
        try:
            filed = self._load(self._path)
        except ConfigError as refused:
            self._house.metrics.boards_read("refused")
            self._house.refused["boards"] = Refusal.of(refused, str(self._path), self._house.clock())
            _log.error("boards_refused", reason=str(refused))
            return
        self._taken()
        if filed != self._filed:
            self._filed = filed
            self._house.hub.notify(CHANGED)
        _log.info("boards_loaded", boards=len(filed))

    def look(self) -> None:
        """Reload when the file has changed and is the same as at the last look."""
        if self._file.changed():
            self.reload()

    async def put(self, name: str, body: bytes, expected: str | None, before: str | None = None) -> Reply:
        """Save a board under its name, whole or not at all.

        Args:
            expected: the version that the page began with, `""` for a new board; None: whatever there is.
            before: a new board stands before the one of this name; without such a one, at the end.
        """
        if not self._writable:
            return error(403, "read_only")
        try:
            board = Board.of(orjson.loads(body))
            if board.name != name:
                raise BoardError("the name is not that of the address", key="name")
        except orjson.JSONDecodeError:
            return self._refused(400, "bad_json", "not JSON")
        except BoardError as refused:
            return self._refused(400, "bad_board", str(refused))
        async with self._saving:
            standing = await self._standing(name, expected)
            if isinstance(standing, Reply):
                return standing
            names = [other.name for other in standing]
            if name in names:
                kept = [board if other.name == name else other for other in standing]
            elif len(standing) >= MAX_BOARDS:
                return self._refused(400, "bad_board", f"at most {MAX_BOARDS} boards")
            else:
                place = names.index(before) if before in names else len(names)
                kept = [*standing[:place], board, *standing[place:]]
            failure = await self._write(kept)
            if failure is not None:
                return failure
        _log.info("board_saved", board=name)
        return json_reply(200, orjson.dumps({"version": board.version()}))

    async def delete(self, name: str, expected: str | None) -> Reply:
        """Take a board out of the file; a built-in one that it stood for is shown again.

        Args:
            expected: the version that is to go; None: whatever there is.
        """
        if not self._writable:
            return error(403, "read_only")
        async with self._saving:
            standing = await self._standing(name, expected)
            if isinstance(standing, Reply):
                return standing
            kept = [other for other in standing if other.name != name]
            built_in = next((other for other in self._built_in if other.name == name), None)
            if len(kept) == len(standing):
                return error(404, "unknown_board") if built_in is None else error(409, "built_in")
            failure = await self._write(kept)
            if failure is not None:
                return failure
        _log.info("board_deleted", board=name)
        return json_reply(200, orjson.dumps({"version": built_in.version() if built_in else ""}))

    async def arrange(self, body: bytes, expected: str | None) -> Reply:
        """Put the boards of the file into another order. What each of them says stays as it is.

        Args:
            body: JSON, a list of the names of all of them.
            expected: the version of the order that is to go; None: whatever there is.
        """
        if not self._writable:
            return error(403, "read_only")
        try:
            names = orjson.loads(body)
        except orjson.JSONDecodeError:
            return self._refused(400, "bad_json", "not JSON")
        async with self._saving:
            standing = await self._read()
            if isinstance(standing, Reply):
                return standing
            if expected not in (None, _order(standing)):
                return error(412, "changed")
            there = {board.name: board for board in standing}
            if not _is_order_of(names, there):
                return self._refused(400, "bad_order", "an order is a list that names each board of the file once")
            kept = [there[name] for name in names]
            failure = await self._write(kept)
            if failure is not None:
                return failure
        _log.info("boards_arranged", boards=len(kept))
        return json_reply(200, orjson.dumps({"order": _order(kept)}))

    async def _standing(self, name: str, expected: str | None) -> list[Board] | Reply:
        """The boards of the file, if the one of this name is the one that is expected."""
        filed = await self._read()
        if isinstance(filed, Reply):
            return filed
        there = {other.name: other for other in (*self._built_in, *filed)}.get(name)
        if expected is not None and expected != (there.version() if there else ""):
            return error(412, "changed")
        return filed

    async def _read(self) -> list[Board] | Reply:
        """The boards of the file as it is now."""
        # It may have been changed by hand since it was last looked at; what stands there must not be lost.
        try:
            return await asyncio.to_thread(self._load, self._path)
        except ConfigError as refused:
            return self._refused(409, "file", str(refused))

    async def _write(self, kept: list[Board]) -> Reply | None:
        """Put the boards into the file and tell every viewer; a reply when that cannot be."""
        try:
            await asyncio.to_thread(write_whole, self._path.resolve(), toml_of(kept).encode(), _MODE)
        except OSError as failure:
            _log.error("boards_not_saved", reason=failure.strerror)
            return error(503, "storage")
        self._file.read()
        self._filed = kept
        self._taken()
        self._house.hub.notify(CHANGED)
        return None

    def _taken(self) -> None:
        self._house.metrics.boards_read("loaded")
        self._house.refused.pop("boards", None)

    def _refused(self, status: int, slug: str, reason: str) -> Reply:
        self._house.metrics.boards_read("refused")
        answer: dict[str, Any] = {"error": slug, "reason": reason}
        return json_reply(status, orjson.dumps(answer))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            self.look()


def _order(filed: Iterable[Board]) -> str:
    """A text that is equal exactly for equal orders of boards, whatever they say."""
    return blake2b(orjson.dumps([board.name for board in filed]), digest_size=8).hexdigest()


def _is_order_of(names: Any, there: Collection[str]) -> bool:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return False
    return sorted(names) == sorted(there)
