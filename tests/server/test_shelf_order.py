"""The order of the boards: changed by pages, for everybody, and by none who has not seen it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.main import Server
from gateway.server import shelf
from tests.server.serving import viewer_hello, wire
from tests.server.shelved import names, put, told, with_server


async def arrange(server: Server, names: Any, expected: str | None = None) -> tuple[int, Any]:
    body = names if isinstance(names, bytes) else json.dumps(names).encode()
    reply = await server._shelf.arrange(body, expected)
    return reply.status, json.loads(reply.body)


def test_boards_are_put_in_order_for_everybody(tmp_path: Path) -> None:
    """In the file, whole, and every viewer is told; built-in boards stay behind them, also after a restart."""

    async def test(server: Server) -> None:
        for name in ("a", "b", "c"):
            table = {"name": name, "title": name.upper(), "tile": [{"kpi": "events", "view": "series"}]}
            assert (await put(server, table, "", name))[0] == 200
        before = {board.name: board for board in server._shelf.boards}
        order = told(server)["order"]
        async with wire(server) as socket:
            await socket.say(viewer_hello())
            await socket.hear("welcome")
            status, answer = await arrange(server, ["c", "a", "b"], order)
            assert await socket.hear("notice") == {"type": "notice", "code": "boards"}
        assert (status, answer) == (200, {"order": told(server)["order"]})
        assert answer["order"] != order
        assert names(server) == ["c", "a", "b", "overview", "health"]
        assert {board.name: board for board in server._shelf.boards} == before

    async def again(server: Server) -> None:
        assert names(server) == ["c", "a", "b", "overview", "health"]

    with_server(tmp_path, test)
    with_server(tmp_path, again)


def test_an_order_is_not_replaced_by_who_has_not_seen_it(tmp_path: Path) -> None:
    """Another board is another order, another text of a board is not; without a version the last one wins."""

    async def test(server: Server) -> None:
        for name in ("a", "b"):
            assert (await put(server, {"name": name}, "", name))[0] == 200
        seen = told(server)["order"]
        assert (await put(server, {"name": "a", "title": "New"}, None, "a"))[0] == 200
        assert (await arrange(server, ["b", "a"], seen))[0] == 200
        assert await arrange(server, ["b", "a"], seen) == (412, {"error": "changed"})
        seen = told(server)["order"]
        assert (await put(server, {"name": "c"}, "", "c"))[0] == 200
        assert await arrange(server, ["a", "b"], seen) == (412, {"error": "changed"})
        assert names(server)[:3] == ["b", "a", "c"]
        assert (await arrange(server, ["c", "b", "a"]))[0] == 200
        assert names(server)[:3] == ["c", "b", "a"]
        assert told(server)["a"]["title"] == "New"

    with_server(tmp_path, test)


@pytest.mark.parametrize(
    ("order", "slug"),
    [
        (b"[", "bad_json"),
        ({"a": 1}, "bad_order"),
        ("a", "bad_order"),
        (["a"], "bad_order"),
        (["a", "b", "b"], "bad_order"),
        (["a", "b", "overview"], "bad_order"),
        (["a", 3], "bad_order"),
        (["a", ["b"]], "bad_order"),
    ],
)
def test_what_is_no_order_of_the_boards_changes_nothing(tmp_path: Path, order: Any, slug: str) -> None:
    """Each board of the file once, and no other: none is lost by being left out."""

    async def test(server: Server) -> None:
        for name in ("b", "a"):
            assert (await put(server, {"name": name}, "", name))[0] == 200
        status, answer = await arrange(server, order)
        assert (status, answer["error"]) == (400, slug)
        assert names(server)[:2] == ["b", "a"]

    with_server(tmp_path, test)


def test_an_order_that_cannot_be_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that refuses, a file that was broken by hand: what stands there is left as it is."""

    async def test(server: Server) -> None:
        file = tmp_path / "data" / "boards.toml"
        for name in ("a", "b"):
            assert (await put(server, {"name": name}, "", name))[0] == 200

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(shelf, "write_whole", full)
            assert await arrange(server, ["b", "a"]) == (503, {"error": "storage"})
        assert names(server)[:2] == ["a", "b"]
        assert server._shelf._task is not None
        server._shelf._task.cancel()
        file.write_text("[[board")
        status, answer = await arrange(server, ["b", "a"])
        assert (status, answer["error"], file.read_text()) == (409, "file", "[[board")

    with_server(tmp_path, test)
