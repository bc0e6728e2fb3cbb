"""KPIs that come later: the log is read for them; then their rows are those of one that was there from the start."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from analytics import KpiSpec
from gateway.main import Server
from gateway.server.backfill import Backfill
from gateway.store.rows import LogRow
from tests.core.test_fold_fill import KPIS, OLD
from tests.server.serving import on_loop, serving, until, viewer_hello, wire
from tests.server.test_kpirows import Reader, base


def write(folder: Path, kpis: str) -> None:
    (folder / "kpis.toml").write_text(kpis)


async def filled(server: Server) -> None:
    await until(lambda: not server.house.fold.filling)


async def shuffled(http: Reader, start: int, chance: random.Random, batches: int = 12) -> None:
    """Batches out of order within what the KPIs wait for, with values, users and keys; some events twice."""
    for number in range(batches):
        events = []
        for nth in range(40):
            at = start + (number * 40 + nth) * 700 - chance.randrange(3_000)
            properties = {"k": chance.choice("abc"), "value": chance.randrange(100)}
            uuid = f"{start}-{number}-{chance.randrange(60)}"
            user = f"u{chance.randrange(7)}"
            events.append({"event": "x", "uuid": uuid, "timestamp": at, "distinct_id": user, "properties": properties})
        status, _ = await http.post({"token": "w_test", "events": events})
        assert status == 200


async def values(http: Reader, kpi: str) -> list[tuple[Any, ...]]:
    """Identity and value of each row, wherever it is kept."""
    return [(row["start"], row["end"], row["dims"], row["value"]) for row in await http.all(kpi)]


def test_a_kpi_that_comes_later_has_the_rows_of_one_that_was_there(tmp_path: Path) -> None:
    """Over the same events before and after the reload: every window, session and key, in the engine and on disk."""
    names = [spec.name for spec in KpiSpec.parse(KPIS)]
    start, now = base() - 600_000, [base()]
    found: dict[str, list[list[tuple[Any, ...]]]] = {name: [] for name in names}

    async def run(folder: Path, first: str) -> None:
        folder.mkdir()
        chance = random.Random(5)
        async with serving(folder, first, clock=lambda: now[0]) as server, aiohttp.ClientSession() as session:
            http = Reader(session, server)
            await shuffled(http, start, chance)
            if first != KPIS:
                write(folder, KPIS)
                server.reload()
                assert {spec.name for spec in server.house.fold.filling} == set(names) - {"old"}
                await filled(server)
            await shuffled(http, start + 12 * 40 * 700, chance)
            for name in names:
                found[name].append(await values(http, name))

    on_loop(lambda: run(tmp_path / "early", KPIS))
    on_loop(lambda: run(tmp_path / "late", OLD))
    for name, (early, late) in found.items():
        assert len(early) > 5
        assert late == early, name


def test_a_changed_kpi_is_filled_and_an_unchanged_one_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old rows of the changed one are gone at once; while it is filled it says so and has no rows."""
    asked = threading.Event()

    async def run() -> None:
        async with serving(tmp_path, KPIS) as server, aiohttp.ClientSession() as session:
            read = server.log.read

            def when_asked(position: int) -> Iterator[LogRow]:
                assert asked.wait(30)
                return read(position)

            monkeypatch.setattr(server.log, "read", when_asked)
            http = Reader(session, server)
            await shuffled(http, base(), random.Random(1))
            before = await values(http, "by_second")
            write(tmp_path, KPIS.replace('value = "count(*)"', 'value = "count(*) * 2"', 1))
            server.reload()
            page = await http.page("old")
            assert (page["filling"], page["rows"], page["watermark"]) == (True, [], None)
            assert (await http.page("by_second"))["filling"] is False
            status, body = await http.get("/v1/status")
            assert (status, b'"filling":["old"]' in body) == (200, True)
            asked.set()
            await filled(server)
            assert await values(http, "by_second") == before
            assert (await http.page("old"))["filling"] is False
            total = sum(row[-1] for row in before)
            assert sum(row[-1] for row in await values(http, "old")) == 2 * total

    on_loop(run)


def test_a_viewer_of_a_filling_kpi_gets_its_rows_when_they_are_there(tmp_path: Path) -> None:
    """It may subscribe at once; first the snapshot is empty, then comes one with everything."""

    async def run() -> None:
        async with serving(tmp_path, OLD) as server, aiohttp.ClientSession() as session, wire(server) as viewer:
            await shuffled(Reader(session, server), base(), random.Random(1))
            write(tmp_path, KPIS)
            server.reload()
            await viewer.say(viewer_hello())
            await viewer.hear("welcome")
            await viewer.say({"type": "subscribe", "id": 1, "kpi": "by_second", "last": 3_600})
            snapshot = await viewer.hear("snapshot")
            while not snapshot["rows"]:
                snapshot = await viewer.hear("snapshot")
            assert not server.house.fold.filling

    on_loop(run)


def test_a_start_with_another_set_fills_it(tmp_path: Path) -> None:
    """A KPI file that was changed while the gateway was down is no different from a reload."""
    start = base()

    async def first() -> None:
        async with serving(tmp_path, OLD) as server, aiohttp.ClientSession() as session:
            await shuffled(Reader(session, server), start, random.Random(1))

    async def second() -> None:
        async with serving(tmp_path, KPIS) as server, aiohttp.ClientSession() as session:
            http = Reader(session, server)
            await filled(server)
            old = sum(row[-1] for row in await values(http, "old"))
            assert old > 100
            assert sum(row[-1] for row in await values(http, "by_second")) == old

    on_loop(first)
    on_loop(second)
    on_loop(second)


def test_a_reload_in_the_middle_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was being filled for an earlier set is dropped; in the end the last set runs, complete."""
    gates: list[asyncio.Event] = []
    real = Backfill._fill

    async def held(self: Backfill, aside: Any) -> int:
        gates.append(asyncio.Event())
        await gates[-1].wait()
        return await real(self, aside)

    monkeypatch.setattr(Backfill, "_fill", held)

    async def run() -> None:
        async with serving(tmp_path, OLD) as server, aiohttp.ClientSession() as session:
            http = Reader(session, server)
            await shuffled(http, base(), random.Random(1))
            write(tmp_path, KPIS)
            server.reload()
            await until(lambda: gates)
            await shuffled(http, base() + 12 * 40 * 700, random.Random(2))
            write(tmp_path, KPIS.replace('name = "by_second"', 'name = "other"'))
            server.reload()
            gates[0].set()
            await until(lambda: len(gates) == 2)
            gates[1].set()
            await filled(server)
            assert len(gates) == 2
            old = sum(row[-1] for row in await values(http, "old"))
            assert sum(row[-1] for row in await values(http, "other")) == old

    on_loop(run)


def test_a_stop_in_the_middle_gives_up(tmp_path: Path) -> None:
    """It does not wait for the log, and the next start fills what was left."""

    async def run() -> None:
        async with serving(tmp_path, OLD) as server, aiohttp.ClientSession() as session:
            await shuffled(Reader(session, server), base(), random.Random(1))
            write(tmp_path, KPIS)
            server.reload()
            assert server.house.fold.filling

    async def again() -> None:
        async with serving(tmp_path, KPIS) as server, aiohttp.ClientSession() as session:
            await filled(server)
            assert len(await values(Reader(session, server), "by_second")) > 5

    on_loop(run)
    on_loop(again)


def test_a_log_that_cannot_be_read_leaves_them_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new KPIs begin with what comes next, the others go on, and the log says why."""

    async def run() -> None:
        async with serving(tmp_path, OLD) as server, aiohttp.ClientSession() as session:
            http = Reader(session, server)
            await shuffled(http, base(), random.Random(1))
            monkeypatch.setattr(server.log, "read", lambda after: 1 / 0)
            write(tmp_path, KPIS)
            server.reload()
            await filled(server)
            assert await values(http, "by_second") == []
            await shuffled(http, base() + 400_000, random.Random(2))
            assert await values(http, "by_second") != []

    on_loop(run)
