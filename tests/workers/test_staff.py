"""All workers: what they are told together, and who has to go."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from gateway.workers import staff, station
from gateway.workers.setup import Counts
from tests.server.rig import Raw
from tests.server.serving import on_loop, serving, until, wire
from tests.server.talk import accepted, batch, producer
from tests.workers.rig import InLoop, colleagues, staff_of


def test_a_worker_that_stands_still_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go on meanwhile, and another takes its place."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            raws: list[Raw] = []
            while not server._front.workers()[0]["connections"]:
                raws.append(await Raw.open(server._listening.port))
                count = len(raws)
                await until(lambda count=count: len(server.house.sessions) == count)  # type: ignore[misc]
            stopped = server._front.workers()[0]["pid"]
            os.kill(stopped, signal.SIGSTOP)
            # Soon for this one; all else that is silent may only be waiting for a processor.
            with monkeypatch.context() as patch:
                patch.setattr(staff, "HANG_LOOKS", 15)
                await until(lambda: staff_of(server)._desks[0].losses)
            for raw in raws:
                raw.writer.transport.abort()
            await until(lambda: staff_of(server)._desks[0].is_listening)
            async with wire(server) as socket:
                await producer(socket)
                await socket.say(batch(1))
                await socket.hear("ack")

    on_loop(run)


def test_time_in_which_nobody_looked_does_not_count(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """A gateway that was stopped itself has heard from no worker, and blames none."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            await until(lambda: any(one.silence for one in colleagues(server)))
            assert all(one.silence < staff.HANG_LOOKS for one in colleagues(server))
            one = colleagues(server)[0]
            one.silence = staff.HANG_LOOKS - 1
            staff_of(server)._look()
            assert in_loop[0].returncode is None
            one.silence = staff.HANG_LOOKS
            staff_of(server)._look()
            assert in_loop[0].returncode == -9

    on_loop(run)


def test_what_a_lost_worker_had_counted_stays_counted(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Totals do not go back."""
    monkeypatch.setattr(station, "PULSE_LOOKS", 1)

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            async with wire(server) as socket:
                await socket.say("{}")
                assert await socket.close_code() == 4000
            await until(lambda: server._front.tally().closes.get(4000) == 1)
            for worker in in_loop[:2]:
                worker.kill()
            await until(lambda: all(desk.losses for desk in staff_of(server)._desks))
            assert server._front.tally().closes[4000] == 1
            assert server._front.tally().frames == 1
            assert Counts() != staff_of(server)._past

    on_loop(run)


def test_memory_is_that_of_all_processes(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """It is held against the cap, and shown."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            for one, rss in zip(colleagues(server), (1 << 40, 1 << 41), strict=True):
                one.counts.rss = rss
            assert server.house.resident() > 3 << 40

    on_loop(run)


def test_a_worker_that_is_far_behind_is_ended(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before what waits for it is too much."""
    monkeypatch.setattr(staff, "MOST_BACKLOG", -1)

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            await until(lambda: all(desk.losses for desk in staff_of(server)._desks))
            assert {one.returncode for one in in_loop[:2]} == {-9}

    on_loop(run)


def test_overload_is_told_to_all(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """And its end."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            ingest = server.house.ingest
            for memory, overloaded in ((0.8, True), (0.1, False)):
                ingest.memory = memory
                ingest.refresh()
                staff_of(server).tell()
                await until(
                    lambda overloaded=overloaded: all(  # type: ignore[misc]
                        worker.station._porter.overloaded == overloaded for worker in in_loop
                    )
                )
            assert accepted(server) == 0

    on_loop(run)


def test_what_is_not_whole_is_bounded_in_shares(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """One for each worker and one for who reads bodies: together they are the pool, and no more."""

    async def run() -> None:
        async with serving(tmp_path, workers=2, receive_pool=6) as server:
            front = staff_of(server)
            shares = [front._behind.holding, *(worker.station._door.terms.holding for worker in in_loop)]
            assert [share.limit for share in shares] == [2 << 20] * 3
            assert len(set(map(id, shares))) == 3

    on_loop(run)


def test_workers_get_no_keys(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Who may write or view is judged by the process that counts."""

    async def run() -> None:
        async with serving(tmp_path, workers=2, hello_timeout_ms=1_234) as server:
            for worker in in_loop:
                setup = worker.station._setup
                assert setup is not None
                assert (setup.config.write_keys, setup.config.view_keys) == ((), ())
                assert setup.config.hello_timeout_ms == 1_234
            assert server.house.access.may_write("w_test")

    on_loop(run)
