"""The boards of the protocol model: read, saved, deleted and put in order by pages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from aiohttp import web

__all__ = ["BoardsModel"]

Message = dict[str, Any]


class BoardsModel(ABC):
    """What `/v1/boards` says, and what pages did there. A test may change `boards` at any time."""

    def __init__(self) -> None:
        self.boards: list[Message] = []
        self.writable = True
        # What pages have put there: name, board, version that it was to replace; and orders that they asked for.
        self.put: list[tuple[str, Message, str | None]] = []
        self.orders: list[list[str]] = []

    def add_board_routes(self, app: web.Application) -> None:
        """Answer what is asked about boards."""
        app.router.add_get("/v1/boards", self._get_boards)
        app.router.add_put("/v1/boards", self._put_order)
        app.router.add_put("/v1/boards/{name}", self._put_board)
        app.router.add_delete("/v1/boards/{name}", self._delete_board)

    @abstractmethod
    async def tell(self, message: Message) -> None:
        """Say something to every viewer."""

    def _order(self) -> str:
        return ",".join(board["name"] for board in self.boards if not board.get("built_in"))

    async def _get_boards(self, _request: web.Request) -> web.Response:
        return web.json_response({"boards": self.boards, "writable": self.writable, "order": self._order()})

    async def _put_order(self, request: web.Request) -> web.Response:
        names = await request.json()
        self.orders.append(names)
        if request.headers.get("If-Match") != f'"{self._order()}"':
            return web.json_response({"error": "changed"}, status=412)
        filed = {board["name"]: board for board in self.boards if not board.get("built_in")}
        self.boards = [filed[name] for name in names] + [board for board in self.boards if board.get("built_in")]
        await self.tell({"type": "notice", "code": "boards"})
        return web.json_response({"order": self._order()})

    async def _put_board(self, request: web.Request) -> web.Response:
        board, replaced = await request.json(), request.headers.get("If-Match")
        self.put.append((request.match_info["name"], board, replaced))
        if not self.writable:
            return web.json_response({"error": "read_only"}, status=403)
        there = [other["version"] for other in self.boards if other["name"] == board["name"]]
        if replaced not in (None, f'"{"".join(there)}"'):
            return web.json_response({"error": "changed"}, status=412)
        kept = [other for other in self.boards if other["name"] != board["name"]]
        names = [other["name"] for other in kept]
        place = names.index(request.query["before"]) if request.query.get("before") in names else len(names)
        kept.insert(place, board | {"version": f"v{len(self.put)}"})
        self.boards = kept
        return web.json_response({"version": f"v{len(self.put)}"})

    async def _delete_board(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.boards = [board for board in self.boards if board["name"] != name]
        return web.json_response({"version": ""})
