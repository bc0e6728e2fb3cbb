"""What stands behind the HTTP routes, asked over real HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.main import Server
from tests.server.serving import on_loop, producer_hello, serving, until, wire


def now() -> int:
    return time.time_ns() // 1_000_000


def body(seq: int = 1, epoch: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "token": "w_test",
        "producer": {"id": "p", "epoch": epoch},
        "seq": seq,
        "sent_at": now(),
        "events": [{"event": "x", "timestamp": now(), "properties": {"country": "DE", "value": 3}}],
        **more,
    }


class Caller:
    """HTTP to one gateway."""

    def __init__(self, session: aiohttp.ClientSession, server: Server) -> None:
        self._session = session
        self._url = server.url

    async def post(self, content: Any) -> tuple[int, dict[str, Any]]:
        """Status and answer of a POST."""
        async with self._session.post(self._url + "/v1/events", data=json.dumps(content)) as response:
            return response.status, await response.json()

    async def get(self, path: str, key: str = "v_test") -> tuple[int, bytes]:
        """Status and body of a GET with the view key."""
        headers = {"Authorization": f"Bearer {key}"}
        async with self._session.get(self._url + path, headers=headers) as response:
            return response.status, await response.read()


def with_caller(tmp_path: Path, test: Any, **settings: Any) -> None:
    """Run a coroutine function with a server and a caller."""

    async def run() -> None:
        async with serving(tmp_path, **settings) as server, aiohttp.ClientSession() as session:
            await test(server, Caller(session, server))

    on_loop(run)


def test_a_post_is_counted_when_it_is_answered(tmp_path: Path) -> None:
    """200 with the sequence; sent again it is 200 and not counted."""

    async def test(server: Server, http: Caller) -> None:
        assert await http.post(body()) == (200, {"seq": 1, "verdicts": []})
        assert await http.post(body()) == (200, {"seq": 1, "verdicts": []})
        assert server.house.fold.ledger.accepted == 1

    with_caller(tmp_path, test)


def test_a_gap_and_a_past_epoch_are_conflicts(tmp_path: Path) -> None:
    """409 with what is wanted; 409 for a lower epoch; a higher one starts anew."""

    async def test(server: Server, http: Caller) -> None:
        await http.post(body(seq=1, epoch=2))
        assert await http.post(body(seq=5, epoch=2)) == (409, {"error": "gap", "want": 2})
        assert await http.post(body(seq=2, epoch=1)) == (409, {"error": "fenced"})
        assert (await http.post(body(seq=7, epoch=3)))[0] == 200

    with_caller(tmp_path, test)


def test_the_socket_and_the_post_share_the_table(tmp_path: Path) -> None:
    """A beacon with the same sequence counts once, and does not fence the socket."""

    async def test(server: Server, http: Caller) -> None:
        async with wire(server) as socket:
            await socket.say(producer_hello())
            await socket.hear("welcome")
            batch = {"type": "batch", "seq": 1, "events": body()["events"]}
            await socket.say(batch)
            await socket.hear("ack")
            assert (await http.post(body(seq=1)))[0] == 200
            assert (await http.post(body(seq=2)))[0] == 200
            await socket.say(batch | {"seq": 3})
            while (await socket.hear("ack"))["seq"] < 3:
                pass
        assert server.house.fold.ledger.accepted == 3

    with_caller(tmp_path, test)


def test_beacons_may_overtake_each_other(tmp_path: Path) -> None:
    """An unknown producer starts where its first post says; an earlier one that comes later still counts, once."""

    async def test(server: Server, http: Caller) -> None:
        second, first = ([{"event": "x", "uuid": name}] for name in ("b", "a"))
        assert (await http.post(body(seq=2, events=second)))[0] == 200
        assert await http.post(body(seq=1, events=first)) == (200, {"seq": 1, "verdicts": []})
        assert await http.post(body(seq=1, events=first)) == (
            200,
            {"seq": 1, "verdicts": [[1, 0, "duplicate", "uuid"]]},
        )
        assert (await http.post(body(seq=3)))[0] == 200
        assert server.house.fold.ledger.accepted == 3

    with_caller(tmp_path, test)


def test_an_overtaken_beacon_needs_no_event_ids(tmp_path: Path) -> None:
    """It counts once, and the socket that comes later is asked for what is missing, not told that it is there."""

    async def test(server: Server, http: Caller) -> None:
        assert (await http.post(body(seq=3)))[0] == 200
        for verdicts in ([], [[1, 0, "duplicate", "uuid"]]):
            assert await http.post(body(seq=1)) == (200, {"seq": 1, "verdicts": verdicts})
        async with wire(server) as socket:
            await socket.say(producer_hello(next_seq=1))
            assert (await socket.hear("welcome"))["resume"] == {"known": True, "last_seq": 0}
            for seq in (1, 2, 3):
                await socket.say({"type": "batch", "seq": seq, "events": body()["events"]})
            while (await socket.hear("ack"))["seq"] < 3:
                pass
        assert server.house.fold.ledger.accepted == 3

    with_caller(tmp_path, test)


def test_a_forgotten_producer_is_known_by_its_batches(tmp_path: Path) -> None:
    """The table had no room: a post that comes again without event ids is a duplicate."""

    async def test(server: Server, http: Caller) -> None:
        assert (await http.post(body()))[0] == 200
        for n in range(3):
            assert (await http.post(body(producer={"id": f"q{n}", "epoch": 1})))[0] == 200
        assert server.house.fold.table.get("p") is None
        assert await http.post(body()) == (200, {"seq": 1, "verdicts": [[1, 0, "duplicate", "uuid"]]})

    with_caller(tmp_path, test, dedup_producers=2)


@pytest.mark.parametrize("name", ["http", " ", "anonymous"])
def test_no_client_can_be_taken_for_nobody(tmp_path: Path, name: str) -> None:
    """Posts without a producer and a producer of any name have nothing to do with each other; none has no name."""

    async def test(server: Server, http: Caller) -> None:
        anonymous = {"token": "w_test", "events": [{"event": "x"}]}
        for _ in range(3):
            assert (await http.post(anonymous))[0] == 200
        named = {"id": name, "epoch": 0}
        assert (await http.post(body(producer=named)))[1] == {"seq": 1, "verdicts": []}
        assert len(server.house.fold.table) == 1
        assert server.house.fold.ledger.accepted == 4
        assert (await http.post(body(producer={"id": "", "epoch": 0})))[0] == 400

    with_caller(tmp_path, test)


def test_verdicts_come_back_with_the_post(tmp_path: Path) -> None:
    """Per event, with its place; also when no producer is named, where ids alone catch repeats."""

    async def test(server: Server, http: Caller) -> None:
        events = [{"event": "x", "uuid": "a"}, {"event": ""}]
        anonymous = {"token": "w_test", "events": events}
        assert await http.post(anonymous) == (200, {"seq": 0, "verdicts": [[0, 1, "drop", "event_name"]]})
        status, answer = await http.post(anonymous)
        assert (status, sorted(answer["verdicts"])) == (
            200,
            [[0, 0, "duplicate", "uuid"], [0, 1, "drop", "event_name"]],
        )

    with_caller(tmp_path, test)


def test_many_anonymous_posts_each_get_their_own_answer(tmp_path: Path) -> None:
    """They may share a commit group."""

    async def test(server: Server, http: Caller) -> None:
        def content(n: int) -> dict[str, Any]:
            return {"token": "w_test", "events": [{"event": "x"}] * n + [{"event": ""}]}

        answers = await asyncio.gather(*(http.post(content(n)) for n in range(8)))
        assert [answer["verdicts"][0][1] for _, answer in answers] == list(range(8))

    with_caller(tmp_path, test)


def test_keys_and_bodies_are_checked(tmp_path: Path) -> None:
    """401 for any other key, 400 with a slug for a body that is none."""

    async def test(server: Server, http: Caller) -> None:
        assert await http.post(body(token="v_test")) == (401, {"error": "unauthorized"})
        assert await http.post({"token": "w_test"}) == (400, {"error": "bad_message"})
        assert (await http.post(body(producer={"id": 5})))[0] == 400
        assert (await http.post(body(defaults={"properties": {"a": "x" * 9_000}})))[0] == 400
        # Without a key nobody is told what is wrong with the events.
        assert await http.post(body(token="v_test", events=[{}] * 501)) == (401, {"error": "unauthorized"})
        assert await http.post(body(events=[{}] * 501)) == (400, {"error": "too_many_events"})

    with_caller(tmp_path, test)


def test_a_hold_is_503_over_http(tmp_path: Path) -> None:
    """With Retry-After; health stays 200."""

    async def test(server: Server, http: Caller) -> None:
        server.house.ingest.acks.level = 3
        async with (
            aiohttp.ClientSession() as session,
            session.post(server.url + "/v1/events", data=json.dumps(body())) as response,
        ):
            assert (response.status, "Retry-After" in response.headers) == (503, True)
        assert (await http.get("/healthz"))[0] == 200

    with_caller(tmp_path, test)


def test_rows_come_as_json_and_csv(tmp_path: Path) -> None:
    """The rows of a snapshot, by range."""

    async def test(server: Server, http: Caller) -> None:
        await http.post(body())
        status, text = await http.get("/v1/kpis/by_country")
        answer = json.loads(text)
        assert (status, answer["kpi"], answer["meta"]["by"]) == (200, "by_country", ["country"])
        (row,) = answer["rows"]
        assert (row["dims"], row["value"], row["kind"]) == ({"country": "DE"}, 3, "partial")
        status, text = await http.get(f"/v1/kpis/by_country?from={row['end']}")
        assert json.loads(text)["rows"] == []
        status, text = await http.get("/v1/kpis/by_country?format=csv")
        assert text.splitlines()[0] == b"dims,start,end,value,kind,rev"
        assert len(text.splitlines()) == 2
        status, text = await http.get("/v1/kpis/by_country?format=csv&columns=all")
        assert text.splitlines()[0] == b"dims,start,end,value,kind,rev,error,keys"
        assert (await http.get("/v1/kpis/nonsense"))[0] == 404

    with_caller(tmp_path, test)


def test_the_list_and_the_status_say_what_is_there(tmp_path: Path) -> None:
    """Names of the KPIs; ledger, credit, memory, watermark, lag."""

    async def test(server: Server, http: Caller) -> None:
        await http.post(body())
        names = [kpi["name"] for kpi in json.loads((await http.get("/v1/kpis"))[1])["kpis"]]
        assert names == ["events", "by_country"]
        status = json.loads((await http.get("/v1/status"))[1])
        assert status["ledger"]["sent"] == 1
        assert status["credit"] == {"pool": 64 << 20, "outstanding": 0}
        assert status["memory"]["rss"] > 0
        assert status["lag"]["pending_bytes"] == 0
        assert status["log"]["position"] == 1
        assert (await http.get("/v1/status", key="w_test"))[0] == 401
        metrics = (await http.get("/metrics"))[1]
        assert b'tidegate_events_total{verdict="accepted"} 1.0' in metrics

    with_caller(tmp_path, test)


def test_credit_that_is_out_shows(tmp_path: Path) -> None:
    """And comes back when the connection ends."""

    async def test(server: Server, http: Caller) -> None:
        async with wire(server) as socket:
            await socket.say(producer_hello())
            await socket.hear("welcome")
            status = json.loads((await http.get("/v1/status"))[1])
            assert status["credit"]["outstanding"] == 262_144
        await until(lambda: server.house.pool.outstanding == 0)

    with_caller(tmp_path, test)
