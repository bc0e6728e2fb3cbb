"""The place of one worker: a process, and another when it is gone."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigError
from gateway.main import Server
from gateway.workers import desk, staff
from tests.server.rig import Raw
from tests.server.serving import on_loop, serving, until
from tests.workers.rig import InLoop, staff_of


def pids(server: Server) -> list[int]:
    return [line["pid"] for line in server._front.workers()]


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_worker_is_a_process_and_is_begun_anew(tmp_path: Path) -> None:
    """Killed, its sockets are gone and the other's are not; at the end none is left."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            before = pids(server)
            raws = []
            while not all(line["connections"] for line in server._front.workers()):
                raws.append(await Raw.open(server._listening.port))
                count = len(raws)
                await until(lambda count=count: len(server.house.sessions) == count)  # type: ignore[misc]
            kept = server._front.workers()[1]["connections"]
            os.kill(before[0], signal.SIGKILL)
            await until(lambda: staff_of(server)._desks[0].losses == 1 and staff_of(server)._desks[0].is_listening)
            after = pids(server)
            assert (after[0] != before[0], after[1]) == (True, before[1])
            assert [line["connections"] for line in server._front.workers()] == [0, kept]
            assert len(server.house.sessions) == server.gate.open == kept
            for raw in raws:
                await raw.aclose()
        assert all(map(ended, after))

    on_loop(run)


def test_pauses_double_up_to_a_bound() -> None:
    """And begin anew behind a life that was long."""
    pauses = [0.0]
    for _ in range(9):
        pauses.append(desk.pause_after(pauses[-1], 1.0))
    assert pauses[1:] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, desk.MOST_S, desk.MOST_S]
    assert desk.pause_after(desk.MOST_S, desk.STEADY_S) == desk.FIRST_S


def test_a_stop_waits_for_no_pause(tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is to begin anew later is not begun any more."""
    monkeypatch.setattr(desk, "FIRST_S", 3_600.0)
    monkeypatch.setattr(desk, "MOST_S", 3_600.0)
    monkeypatch.setattr(staff, "STOP_S", 3_600.0)

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            in_loop[0].kill()
            await until(lambda: staff_of(server)._desks[0].losses == 1)
        assert len(in_loop) == 2

    on_loop(run)


def test_a_stop_while_a_worker_is_started_ends_that_one(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as soon as there is a link to it."""
    monkeypatch.setattr(staff, "STOP_S", 3_600.0)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            start = desk.start_process

            async def start_slowly(*arguments: Any) -> Any:
                begun.set()
                await go_on.wait()
                return await start(*arguments)

            monkeypatch.setattr(desk, "start_process", start_slowly)
            in_loop[0].kill()
            await begun.wait()
            staff_of(server)._desks[0].stop()
            go_on.set()
        assert [one.returncode for one in in_loop] == [-9, 0, 0]

    on_loop(run)


def test_a_worker_has_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment of the analytics process holds of settings, its workers are not given."""
    monkeypatch.setenv("TIDEGATE_WRITE_KEYS", "w_secret")
    monkeypatch.setenv("UNRELATED", "kept")

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            for pid in pids(server):
                lines = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                assert [line for line in lines if line.startswith(b"TIDEGATE_")] == [b"TIDEGATE_WORKER_LOG=info"]
                assert b"UNRELATED=kept" in lines

    on_loop(run)


def test_a_fault_of_ours_leaves_no_place_empty(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong with the end of a worker is said, and another is begun."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            place = staff_of(server)._desks[0]
            monkeypatch.setattr(place, "_gone", lambda _counts: 1 / 0)
            in_loop[0].kill()
            await until(lambda: place.losses == 1 and place.is_listening)

    on_loop(run)


@pytest.mark.parametrize("failing", ["no process", "ends at once"])
def test_a_first_start_that_fails_ends_the_gateways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """One line that names the setting; nothing is left running."""

    class Dead:
        pid, returncode = 0, 1

        async def wait(self) -> int:
            return 1

    async def start(*_: Any) -> Any:
        if failing == "no process":
            raise OSError("none")
        return Dead()

    monkeypatch.setattr(desk, "start_process", start)

    async def run() -> None:
        with pytest.raises(ConfigError, match=r"^workers: "):
            async with serving(tmp_path, workers=2):
                pass

    on_loop(run)
