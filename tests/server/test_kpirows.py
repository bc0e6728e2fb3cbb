"""Rows of a KPI over real HTTP and a real store: beyond what the engine holds, page by page, narrowed by SQL."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from gateway.core.chronicle import series_of
from gateway.main import Server
from gateway.store import Asked
from tests.server.serving import on_loop, serving, until
from tests.server.test_services import Caller

KPI = """
[[kpi]]
name = "by_second"
value = "count(*)"
by = ["country", "$new"]
window = "tumbling 1s"
delay = "0s"
grace = "{grace}"

[[kpi]]
name = "longer"
value = "sum(value)"
window = "sliding 30s every 10s"
delay = "0s"
grace = "0s"

[[kpi]]
name = "day"
value = "count(*)"
window = "cumulative 1d every 1m"
delay = "0s"
grace = "0s"

[[kpi]]
name = "visits"
value = "count(*)"
window = "session 5s"
delay = "0s"
grace = "10s"
"""
KPIS = KPI.format(grace="0s")
SECONDS = 700


def base() -> int:
    """A whole minute a quarter of an hour ago."""
    return (time.time_ns() // 60_000_000_000 - 15) * 60_000


class Reader(Caller):
    """Pages of rows."""

    async def events(self, start: int, seconds: int = SECONDS) -> None:
        """Two events each second, of two countries."""
        for at in range(0, seconds, 100):
            events = [
                {
                    "event": "x",
                    "timestamp": start + (at + second) * 1_000,
                    "distinct_id": f"u{(at + second) // 10 % 2}",
                    "properties": {"country": country, "$new": second % 2 == 0, "value": 1},
                }
                for second in range(min(100, seconds - at))
                for country in ("DE", None)
            ]
            status, _ = await self.post({"token": "w_test", "events": events})
            assert status == 200

    async def page(self, query: str) -> dict[str, Any]:
        """One answer."""
        status, body = await self.get(f"/v1/kpis/{query}")
        assert status == 200, body
        found: dict[str, Any] = json.loads(body)
        return found

    async def all(self, kpi: str, limit: int = 50_000, **more: Any) -> list[dict[str, Any]]:
        """All pages."""
        rows: list[dict[str, Any]] = []
        words = "".join(f"&{name.rstrip('_')}={quote(str(value))}" for name, value in more.items())
        after = ""
        while True:
            page = await self.page(f"{kpi}?limit={limit}{words}{after}")
            rows += page["rows"]
            if page["next"] is None:
                return rows
            after = f"&after={page['next']}"


def with_reader(tmp_path: Path, test: Any, kpis: str = KPIS, **settings: Any) -> None:
    """Run a coroutine function with a server and a reader."""

    async def run() -> None:
        async with serving(tmp_path, kpis, **settings) as server, aiohttp.ClientSession() as session:
            await test(server, Reader(session, server))

    on_loop(run)


async def kept(server: Server) -> None:
    """Wait until the store has what is over."""
    await until(lambda: not len(server.house.fold.chronicle) and not server.log.kept.owes)


def test_rows_reach_further_back_than_the_engine(tmp_path: Path) -> None:
    """Each closed window once, with its own resolution, in order; the engine alone would have coarser ones."""

    async def test(server: Server, http: Reader) -> None:
        start = base()
        await http.events(start)
        engine = server.house.fold.engine
        rows = await http.all("by_second")
        assert next(engine.finest_rows("by_second", 0, 1 << 60)).start > start
        assert [(row["start"], row["end"]) for row in rows] == [
            (start + second * 1_000, start + second * 1_000 + 1_000) for second in range(SECONDS) for _ in range(2)
        ]
        assert [row["dims"]["country"] for row in rows[:2]] == [None, "DE"]
        assert {row["kind"] for row in rows[:-2]} == {"final"}
        assert {row["kind"] for row in rows[-2:]} == {"partial"}

    with_reader(tmp_path, test)


@pytest.mark.parametrize("kpi", ["by_second", "longer", "day", "visits"])
def test_pages_add_up_to_the_whole(tmp_path: Path, kpi: str) -> None:
    """However small they are: no row twice, none missing, in the same order."""

    async def test(server: Server, http: Reader) -> None:
        await http.events(base())
        whole = await http.all(kpi)
        await kept(server)
        assert await http.all(kpi) == whole
        for limit in (1, 7, 100):
            assert await http.all(kpi, limit if kpi != "by_second" else limit * 10) == whole
        assert len(whole) > 5

    with_reader(tmp_path, test)


def test_history_outlives_the_process_and_a_change_of_the_set(tmp_path: Path) -> None:
    """An unchanged KPI keeps its history over restarts and reloads; a changed one begins anew and mixes nothing in."""
    start = base()

    async def first(server: Server, http: Reader) -> None:
        await http.events(start)
        await http.all("by_second")

    async def second(server: Server, http: Reader) -> None:
        rows = await http.all("by_second")
        assert sum(row["value"] for row in rows) == 2 * SECONDS
        assert len(rows) == 2 * SECONDS
        assert all(row["value"] <= 2 * SECONDS for row in await http.all("day"))

    with_reader(tmp_path, first)
    with_reader(
        tmp_path, second, KPIS.replace('name = "longer"', 'name = "another"').replace("[[kpi]]", "[[kpi]]\nowner='x'")
    )
    with_reader(tmp_path, second)


def test_where_narrows_rows_by_their_dimensions(tmp_path: Path) -> None:
    """Of the engine and of the store alike; a page may then hold fewer rows than its limit."""

    async def test(server: Server, http: Reader) -> None:
        await http.events(base())
        await http.all("by_second")
        await kept(server)
        rows = await http.all("by_second", limit=100, where="country = 'DE' AND \"$new\"")
        assert len(rows) == SECONDS // 2
        assert {(row["dims"]["country"], row["dims"]["$new"]) for row in rows} == {("DE", True)}
        assert len(await http.all("by_second", where="country IS NULL")) == SECONDS
        assert await http.all("by_second", where='{"country":"DE","$new":true}') == rows
        assert await http.all("by_second", where='{"country":"DE","$new":1}') == []
        assert len(await http.all("by_second", where=' {"country":null}')) == SECONDS
        visits = await http.all("visits", where="distinct_id = 'u1'")
        assert {row["dims"]["distinct_id"] for row in visits} == {"u1"}

    with_reader(tmp_path, test)


@pytest.mark.parametrize(
    ("where", "slug"),
    [
        ("event = 'x'", "no_dimension"),
        ("country =", "bad_where"),
        ("count(*)", "bad_where"),
        ('{"country":"DE","event":"x"}', "no_dimension"),
        ('{"country":', "bad_where"),
        ('{"country":["DE"]}', "bad_where"),
        ("x" * 2_001, "long_where"),
    ],
)
def test_a_wrong_condition_is_400(tmp_path: Path, where: str, slug: str) -> None:
    """With a slug that says why."""

    async def test(server: Server, http: Reader) -> None:
        status, body = await http.get(f"/v1/kpis/by_second?where={quote(where)}")
        assert (status, json.loads(body)) == (400, {"error": slug})

    with_reader(tmp_path, test)


def test_from_and_to_reach_into_the_store(tmp_path: Path) -> None:
    """Windows that overlap the span, whoever has them."""

    async def test(server: Server, http: Reader) -> None:
        start = base()
        await http.events(start)
        await http.all("by_second")
        await kept(server)
        rows = await http.all("by_second", from_=start + 10_500, to=start + 13_000)
        assert [row["start"] - start for row in rows] == [10_000] * 2 + [11_000] * 2 + [12_000] * 2
        longer = await http.all("longer", from_=start + 60_000, to=start + 61_000)
        assert [row["start"] - start for row in longer] == [40_000, 50_000, 60_000]
        long_ago = await http.all("visits", from_=start + 5_000, to=start + 6_000)
        assert [row["start"] - start for row in long_ago] == [0]

    with_reader(tmp_path, test)


def test_csv_says_in_a_header_where_the_next_page_begins(tmp_path: Path) -> None:
    """And in no header when there is none."""

    async def test(server: Server, http: Reader) -> None:
        start = base()
        await http.events(start, 5)
        url = f"{server.url}/v1/kpis/by_second?format=csv&limit=4"
        headers = {"Authorization": "Bearer v_test"}
        async with aiohttp.ClientSession() as session:
            async with session.get(url, headers=headers) as answer:
                rows = list(csv.DictReader(io.StringIO(await answer.text())))
                assert [int(row["start"]) - start for row in rows] == [0, 0, 1_000, 1_000]
                following = answer.headers["Tidegate-Next"]
            async with session.get(f"{url}&after={following}&to={start + 4_000}", headers=headers) as answer:
                assert len((await answer.text()).splitlines()) == 5
                assert "Tidegate-Next" not in answer.headers

    with_reader(tmp_path, test)


def test_corrections_reach_the_store(tmp_path: Path) -> None:
    """A late event within grace replaces the row that was kept; a session that grew is one row still."""

    async def test(server: Server, http: Reader) -> None:
        start = base()
        await http.events(start, 30)
        await http.all("by_second")
        await kept(server)
        late = {
            "event": "x",
            "timestamp": start + 20_000,
            "distinct_id": "u0",
            "properties": {"country": "DE", "$new": True},
        }
        assert (await http.post({"token": "w_test", "events": [late]}))[0] == 200
        before = await http.all("by_second")
        await kept(server)
        page = server.log.history(everything("by_second", server))
        stored = [row for row in page.rows if row.start == start + 20_000 and b"DE" in row.dims]
        assert [row.body for row in stored] == [b"[2,2,1]"]
        assert await http.all("by_second") == before

    with_reader(tmp_path, test, KPI.format(grace="10m"))


def everything(kpi: str, server: Server) -> Any:
    series = series_of(next(spec for spec in server.house.fold.engine.specs if spec.name == kpi))
    return Asked(series.number, series.levels, series.nested, -(1 << 60), 1 << 60, None, (-(1 << 60), 0), 10_000)


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("wrong", [{"value": object()}, {"dims": {"country": object(), "$new": True}}])
def test_a_row_that_cannot_be_encoded_is_left_out(tmp_path: Path, form: str, wrong: dict[str, Any]) -> None:
    """Whichever part of it: the page has the other rows, in either form, and it is counted."""

    async def test(server: Server, http: Reader) -> None:
        await http.events(base(), 3)
        engine = server.house.fold.engine
        status, good = await http.get(f"/v1/kpis/by_second?format={form}")
        rows = list(engine.finest_rows("by_second", 0, 1 << 60))
        bad = rows[1]._replace(**{"dims": {"country": "XX", "$new": True}} | wrong)
        engine.finest_rows = lambda *_: iter([*rows[:2], bad, *rows[2:]])  # type: ignore[method-assign]
        assert len(rows) == 6
        assert status == 200
        assert await http.get(f"/v1/kpis/by_second?format={form}") == (200, good)
        assert server.house.misfits.counts == {"by_second": 1}

    with_reader(tmp_path, test)


def test_another_mistake_is_not_hidden(tmp_path: Path) -> None:
    """If all rows can be encoded, the request fails as what it is, and no row is counted."""

    async def test(server: Server, http: Reader) -> None:
        await http.events(base(), 3)
        server.log.history = lambda *_: None  # type: ignore[method-assign,assignment]
        status, _ = await http.get("/v1/kpis/by_second")
        assert status == 500
        assert server.house.misfits.counts == {}

    with_reader(tmp_path, test)
