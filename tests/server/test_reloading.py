"""The KPI file is watched: a change is taken, a bad one said once, and nothing else happens."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from analytics import KpiSpec
from gateway.main import Server
from gateway.server import reloading
from tests.server.serving import KPIS, on_loop, serving, until

OTHER = '\n[[kpi]]\nname = "other"\nvalue = "count(*)"\nwindow = "tumbling 1h"\n'


def names(server: Server) -> list[str]:
    return [spec.name for spec in server.house.fold.specs]


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloading, "POLL_S", 0.005)


def with_server(tmp_path: Path, test: Any, **settings: Any) -> None:
    async def run() -> None:
        async with serving(tmp_path, **settings) as server:
            await test(server, tmp_path / "kpis.toml")

    on_loop(run)


def test_a_changed_file_is_taken(tmp_path: Path) -> None:
    """Written in place, or another file put in its place."""

    async def test(server: Server, file: Path) -> None:
        file.write_text(KPIS + OTHER)
        await until(lambda: names(server) == ["events", "by_country", "other"])
        beside = file.with_name("beside.toml")
        beside.write_text(KPIS)
        beside.replace(file)
        await until(lambda: names(server) == ["events", "by_country"])

    with_server(tmp_path, test)


def test_a_bad_file_is_said_once_and_changes_nothing(tmp_path: Path) -> None:
    """One line with the reason, counted; the running set stays until there is a good file."""

    async def test(server: Server, file: Path) -> None:
        with capture_logs() as logs:
            file.write_text(KPIS + OTHER.replace("count(*)", "nonsense("))
            await until(lambda: b'tidegate_kpi_reloads_total{outcome="refused"} 1.0' in server._metrics.exposition())
            before = server.house.fold.engine
            for _ in range(20):
                await asyncio.sleep(0.005)
            assert server.house.fold.engine is before
            refused = [line for line in logs if line["event"] == "kpis_refused"]
            assert len(refused) == 1
            assert "other" in refused[0]["reason"]
            file.write_text(KPIS + OTHER)
            await until(lambda: "other" in names(server))
        assert b'tidegate_kpi_reloads_total{outcome="loaded"} 1.0' in server._metrics.exposition()

    with_server(tmp_path, test)


def test_what_is_refused_is_told_until_a_good_file_is_there(tmp_path: Path) -> None:
    """Place, slug and KPI in `/v1/status`, and a metric that an alert can watch."""

    def told(server: Server) -> Any:
        return json.loads(server._services.status())["refused"]

    async def test(server: Server, file: Path) -> None:
        assert told(server) == {}
        file.write_text(KPIS + OTHER.replace("count(*)", "median(x)"))
        await until(lambda: told(server))
        refusal = told(server)["kpis"]
        assert (refusal["slug"], refusal["name"], refusal["line"], refusal["column"]) == ("definition", "other", 17, 10)
        assert "there is no function median(..)" in refusal["reason"]
        assert refusal["file"] == str(file)
        assert refusal["at"] <= server.house.clock()
        assert b'tidegate_file_refused{file="kpis"} 1.0' in server._metrics.exposition()
        file.write_text("[[kpi]\n")
        await until(lambda: told(server)["kpis"]["slug"] == "syntax")
        assert (told(server)["kpis"]["name"], told(server)["kpis"]["line"]) == ("", 1)
        file.write_text(KPIS)
        await until(lambda: not told(server))
        assert b'tidegate_file_refused{file="kpis"} 0.0' in server._metrics.exposition()

    with_server(tmp_path, test)


def test_a_set_that_needs_too_much_is_told(tmp_path: Path) -> None:
    """Of which KPI, and that it is memory."""

    async def test(server: Server, file: Path) -> None:
        file.write_text(KPIS + OTHER.replace("count(*)", "uniq(x)") + 'by = ["y"]\nmax_keys = 1000000\n')
        await until(lambda: server.house.refused)
        refusal = server.house.refused["kpis"]
        assert (refusal.slug, refusal.name, refusal.line) == ("memory", "other", None)

    with_server(tmp_path, test)


def test_a_file_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    """Some editors remove a file before they write it anew."""

    async def test(server: Server, file: Path) -> None:
        file.unlink()
        for _ in range(10):
            await asyncio.sleep(0.005)
        assert names(server) == ["events", "by_country"]
        file.write_text(KPIS + OTHER)
        await until(lambda: "other" in names(server))

    with_server(tmp_path, test)


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    """Only what two looks in a row found the same is read."""

    async def test(server: Server, file: Path) -> None:
        watch = server._reloading
        assert watch._task is not None
        watch._task.cancel()
        for length in range(len(KPIS), len(KPIS + OTHER)):
            file.write_text((KPIS + OTHER)[:length])
            watch.look()
        assert names(server) == ["events", "by_country"]
        file.write_text(KPIS + OTHER)
        watch.look()
        watch.look()
        assert "other" in names(server)

    with_server(tmp_path, test)


def test_a_touched_file_is_read_and_the_state_stays(tmp_path: Path) -> None:
    """The same content again fills nothing and forgets nothing."""

    async def test(server: Server, file: Path) -> None:
        with capture_logs() as logs:
            os.utime(file, (1, 1))
            await until(lambda: any(line["event"] == "kpis_loaded" for line in logs))
        assert [line["filling"] for line in logs if line["event"] == "kpis_loaded"] == [0]

    with_server(tmp_path, test)


def test_the_built_in_set_is_not_watched(tmp_path: Path) -> None:
    """There is no file that could change; a SIGHUP reads it again all the same."""

    async def test(server: Server, _file: Path) -> None:
        built_in = reloading.Reloading(server.house, "", lambda _path: KpiSpec.default())
        built_in.start()
        assert built_in._task is None
        built_in.reload()
        assert names(server) == [spec.name for spec in KpiSpec.default()]
        await built_in.close()

    with_server(tmp_path, test)
