"""The boards of a running gateway: watched, saved by pages, and every viewer told."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.boards import built_in_boards
from gateway.core.board import Board
from gateway.main import Server
from gateway.server import shelf
from tests.server.serving import until, viewer_hello, wire
from tests.server.shelved import delete, names, put, told, with_server

MINE = '[[board]]\nname = "mine"\n[[board.tile]]\nkpi = "events"\n'


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "POLL_S", 0.005)


def test_without_a_file_there_are_the_built_in_boards(tmp_path: Path) -> None:
    """And pages may save."""

    async def test(server: Server) -> None:
        assert names(server) == [board.name for board in built_in_boards()]
        assert told(server)["overview"]["built_in"]
        assert told(server)["writable"]

    with_server(tmp_path, test)


def test_a_saved_board_is_in_the_data_folder_and_told_to_every_viewer(tmp_path: Path) -> None:
    """One of a built-in name takes its place; after a restart all is as it was."""

    async def test(server: Server) -> None:
        async with wire(server) as socket:
            await socket.say(viewer_hello())
            await socket.hear("welcome")
            status, answer = await put(server, {"name": "mine", "tile": [{"kpi": "events"}]}, "")
            assert (status, await socket.hear("notice")) == (200, {"type": "notice", "code": "boards"})
            assert answer == {"version": told(server)["mine"]["version"]}
            overview = told(server)["overview"]["version"]
            assert (await put(server, {"name": "overview", "title": "Ours"}, overview, "overview"))[0] == 200
            await socket.hear("notice")
        assert names(server) == ["mine", "overview", "health"]
        assert not told(server)["overview"]["built_in"]

    async def again(server: Server) -> None:
        assert names(server) == ["mine", "overview", "health"]
        assert server._shelf.boards[1] == Board("overview", "Ours")

    with_server(tmp_path, test)
    with_server(tmp_path, again)


def test_who_began_with_another_version_does_not_overwrite(tmp_path: Path) -> None:
    """The second of two people who edit a board is told; without a version the last one wins."""

    async def test(server: Server) -> None:
        assert (await put(server, {"name": "mine"}, ""))[0] == 200
        assert await put(server, {"name": "mine", "title": "2"}, "") == (412, {"error": "changed"})
        assert await put(server, {"name": "mine", "title": "2"}, "0123") == (412, {"error": "changed"})
        assert told(server)["mine"]["title"] == ""
        assert (await put(server, {"name": "mine", "title": "3"}))[0] == 200
        assert told(server)["mine"]["title"] == "3"

    with_server(tmp_path, test)


@pytest.mark.parametrize(
    ("table", "status", "slug", "reason"),
    [
        (b"{", 400, "bad_json", "not JSON"),
        ([], 400, "bad_board", "a board is a table"),
        ({"name": "other"}, 400, "bad_board", "the name is not that of the address"),
        ({"name": "mine", "tile": [{"kpi": "a", "view": "x"}]}, 400, "bad_board", "tile 1: unknown view 'x'"),
    ],
)
def test_a_bad_board_is_refused_with_the_reason(
    tmp_path: Path, table: Any, status: int, slug: str, reason: str
) -> None:
    """It is counted, and nothing is written."""

    async def test(server: Server) -> None:
        got, answer = await put(server, table)
        assert (got, answer["error"]) == (status, slug)
        assert reason in answer["reason"]
        assert not (tmp_path / "data" / "boards.toml").exists()
        assert b'tidegate_board_reloads_total{outcome="refused"} 1.0' in server._metrics.exposition()

    with_server(tmp_path, test)


def test_there_are_only_so_many_boards(tmp_path: Path) -> None:
    """A page cannot fill the disk; what is there can still be changed."""

    async def test(server: Server) -> None:
        (tmp_path / "data" / "boards.toml").write_text("".join(f"[[board]]\nname='b{i}'\n" for i in range(64)))
        assert (await put(server, {"name": "mine"}))[0] == 400
        assert (await put(server, {"name": "b7", "title": "x"}, name="b7"))[0] == 200

    with_server(tmp_path, test)


def test_what_was_written_by_hand_meanwhile_is_kept(tmp_path: Path) -> None:
    """Saving reads the file first; one that cannot be read is left as it is."""

    async def test(server: Server) -> None:
        file = tmp_path / "data" / "boards.toml"
        assert server._shelf._task is not None
        server._shelf._task.cancel()
        file.write_text('[[board]]\nname = "by_hand"\n')
        assert (await put(server, {"name": "mine"}))[0] == 200
        assert names(server)[:2] == ["by_hand", "mine"]
        file.write_text("[[board")
        status, answer = await put(server, {"name": "mine"})
        assert (status, answer["error"]) == (409, "file")
        assert file.read_text() == "[[board"

    with_server(tmp_path, test)


def test_a_deleted_board_is_gone_for_everyone_and_can_be_put_back_in_its_place(tmp_path: Path) -> None:
    """It is out of the file and every viewer is told; put back before the one behind it, all is as it was."""

    async def test(server: Server) -> None:
        for name in ("a", "b", "c"):
            assert (await put(server, {"name": name, "tile": [{"kpi": "events"}]}, "", name))[0] == 200
        board = server._shelf.boards[1]
        async with wire(server) as socket:
            await socket.say(viewer_hello())
            await socket.hear("welcome")
            assert await delete(server, "b", board.version()) == (200, {"version": ""})
            assert await socket.hear("notice") == {"type": "notice", "code": "boards"}
        assert names(server)[:2] == ["a", "c"]
        assert '"b"' not in (tmp_path / "data" / "boards.toml").read_text()
        assert (await put(server, board.body(), "", "b", "c"))[0] == 200
        assert names(server)[:3] == ["a", "b", "c"]
        assert server._shelf.boards[1] == board
        assert (await put(server, {"name": "d"}, "", "d", "gone"))[0] == 200
        assert names(server)[:4] == ["a", "b", "c", "d"]

    with_server(tmp_path, test)


def test_a_board_in_the_place_of_a_built_in_one_gives_it_back(tmp_path: Path) -> None:
    """The answer says the version that is there now; the built-in board itself cannot be deleted."""

    async def test(server: Server) -> None:
        built_in = told(server)["overview"]
        assert (built_in["built_in"], built_in["over_built_in"]) == (True, False)
        assert await delete(server, "overview") == (409, {"error": "built_in"})
        assert (await put(server, {"name": "overview", "title": "Ours"}, None, "overview"))[0] == 200
        ours = told(server)["overview"]
        assert (ours["built_in"], ours["over_built_in"]) == (False, True)
        assert await delete(server, "overview", ours["version"]) == (200, {"version": built_in["version"]})
        assert told(server)["overview"] == built_in

    with_server(tmp_path, test)


def test_what_is_not_to_be_deleted_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version than was seen, no board of that name, a file that cannot be read, a disk that refuses."""

    async def test(server: Server) -> None:
        file = tmp_path / "data" / "boards.toml"
        assert (await put(server, {"name": "mine"}))[0] == 200
        assert await delete(server, "mine", "0123") == (412, {"error": "changed"})
        assert await delete(server, "other") == (404, {"error": "unknown_board"})
        assert await delete(server, "other", "0123") == (412, {"error": "changed"})

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(shelf, "write_whole", full)
            assert await delete(server, "mine") == (503, {"error": "storage"})
        assert "mine" in names(server)
        assert server._shelf._task is not None
        server._shelf._task.cancel()
        file.write_text("[[board")
        status, answer = await delete(server, "mine")
        assert (status, answer["error"], file.read_text()) == (409, "file", "[[board")

    with_server(tmp_path, test)


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is told to try again later."""

    async def test(server: Server) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(shelf, "write_whole", full)
        assert await put(server, {"name": "mine"}) == (503, {"error": "storage"})
        assert "mine" not in names(server)

    with_server(tmp_path, test)


def test_a_file_of_ones_own_is_read_only_unless_told_otherwise(tmp_path: Path) -> None:
    """Then there are no other boards but its own."""
    file = tmp_path / "boards.toml"
    file.write_text(MINE)

    async def test(server: Server) -> None:
        assert names(server) == ["mine"]
        assert not told(server)["writable"]
        assert await put(server, {"name": "mine"}) == (403, {"error": "read_only"})
        assert await delete(server, "mine") == (403, {"error": "read_only"})
        assert (await server._shelf.arrange(b'["mine"]', None)).status == 403
        assert file.read_text() == MINE

    async def writable(server: Server) -> None:
        assert (await put(server, {"name": "mine", "title": "New"}))[0] == 200
        assert file.read_text() == '[[board]]\nname = "mine"\ntitle = "New"\n'

    with_server(tmp_path, test, boards=str(file))
    with_server(tmp_path, writable, boards=str(file), boards_writable="true")


def test_a_changed_file_is_taken_and_a_bad_one_is_not(tmp_path: Path) -> None:
    """Viewers are told once for each change that is seen; a bad file is said once and the boards stay."""
    file = tmp_path / "boards.toml"
    file.write_text(MINE)

    async def test(server: Server) -> None:
        async with wire(server) as socket:
            await socket.say(viewer_hello())
            await socket.hear("welcome")
            file.write_text(MINE + '[[board]]\nname = "second"\n')
            assert (await socket.hear("notice"))["code"] == "boards"
            assert names(server) == ["mine", "second"]
            with capture_logs() as logs:
                file.write_text(MINE.replace("kpi", "kip"))
                await until(lambda: any(line["event"] == "boards_refused" for line in logs))
                for _ in range(20):
                    await asyncio.sleep(0.005)
            refused = [line["reason"] for line in logs if line["event"] == "boards_refused"]
            assert len(refused) == 1
            assert "line 4, column 7: board 'mine': tile 1: unknown key 'kip'" in refused[0]
            assert names(server) == ["mine", "second"]
            assert server.house.refused["boards"][1:6] == (str(file), "definition", "mine", 4, 7)
            with capture_logs() as logs:
                os.utime(file, (1, 1))  # the same again
                file.write_text(MINE + '[[board]]\nname = "second"\n')
                await until(lambda: any(line["event"] == "boards_loaded" for line in logs))
            assert server.house.refused == {}
            await socket.say({"type": "subscribe", "id": 1, "kpi": "events"})
            assert (await socket.hear())["type"] == "snapshot"  # and no notice before it

    with_server(tmp_path, test, boards=str(file))


def test_a_sighup_reads_the_file_at_once(tmp_path: Path) -> None:
    """It is a part of `Server.reload`."""
    file = tmp_path / "boards.toml"
    file.write_text(MINE)

    async def test(server: Server) -> None:
        file.write_text('[[board]]\nname = "other"\n')
        server.reload()
        assert names(server) == ["other"]

    with_server(tmp_path, test, boards=str(file))
