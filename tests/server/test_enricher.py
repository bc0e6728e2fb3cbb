"""Facts about who connects and posts: found by the settings, logged, shown, counted."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from gateway.config import Config
from gateway.errors import ConfigError
from gateway.main import Server
from gateway.server.enricher import Enricher, Sender
from tests.server.countries import GERMAN, SWISS, database
from tests.server.serving import KPIS, Wire, on_loop, serving, until, wire
from tests.server.talk import producer, viewer

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
PROPERTIES = {"$country": "DE", "$browser": "Firefox", "$os": "Linux", "$device_type": "Desktop", "$is_bot": False}


def test_nothing_is_looked_up_unless_asked_for() -> None:
    """By default a sender tells nothing but what it says."""
    assert Enricher(Config()).facts(Sender(GERMAN, "https://a.example", FIREFOX)) == {}


def test_a_browser_is_looked_up(tmp_path: Path) -> None:
    """Its address and its agent; what has no origin is no browser, and tells of itself only."""
    enricher = Enricher(Config(geo_db=database(tmp_path / "a.mmdb"), parse_agents=True))
    assert enricher.facts(Sender(GERMAN, "https://a.example", FIREFOX)) == PROPERTIES
    assert enricher.facts(Sender(SWISS, "https://a.example")) == {"$country": "CH"}
    assert enricher.facts(Sender(GERMAN, None, FIREFOX)) == {}
    enricher.close()


def test_a_database_that_cannot_be_read_is_a_wrong_setting(tmp_path: Path) -> None:
    """The start ends with its name, before anything else is made."""
    with pytest.raises(ConfigError, match="cannot read") as caught:
        Enricher(Config(geo_db=str(tmp_path / "missing.mmdb")))
    assert caught.value.setting == "geo_db"


async def send(server: Server, seen: Wire, headers: dict[str, str], **properties: Any) -> dict[str, Any]:
    """One event by a socket with these headers, as the tail shows it."""
    url = server.url.replace("http", "ws", 1) + "/v1/ws"
    protocols = [Subprotocol("tidegate.v1")]
    agent = headers.pop("User-Agent")
    async with connect(
        url,
        subprotocols=protocols,
        origin=Origin(server.url),
        additional_headers=headers,
        user_agent_header=agent,
        proxy=None,
    ) as connection:
        socket = Wire(connection)
        await producer(socket, producer=f"p{server.house.numbers}")
        await socket.say({"type": "batch", "seq": 1, "events": [{"event": "x", "properties": properties}]})
        await socket.hear("ack")
    return await shown(seen)


async def shown(seen: Wire) -> dict[str, Any]:
    """The next event that the tail shows."""
    while not (events := (await seen.hear("events"))["events"]):
        pass
    found: dict[str, Any] = events[0]
    return found


def test_facts_are_shown_counted_and_replayed(tmp_path: Path) -> None:
    """By socket and by post, through a trusted proxy; what an event says itself stays; and again after a restart."""
    kpis = KPIS.replace('by = ["country"]', 'by = ["$country"]').replace("sum(value)", "count(*)")
    settings: dict[str, Any] = {
        "geo_db": database(tmp_path / "a.mmdb"),
        "parse_agents": True,
        "trusted_proxies": "127.0.0.0/8",
        "tick_ms": 20,
    }

    async def run() -> None:
        async with serving(tmp_path, kpis, **settings) as server, wire(server) as seen:
            await viewer(seen)
            await seen.say({"type": "subscribe", "id": 5, "topic": "events", "max_hz": 20})
            await seen.hear("events")
            headers = {"X-Forwarded-For": f"198.51.100.9, {GERMAN}", "User-Agent": FIREFOX}
            event = await send(server, seen, dict(headers), price=7)
            assert event["properties"] == PROPERTIES | {"price": 7}
            assert (event["enriched"], event["inherited"]) == (list(PROPERTIES), [])
            said = {"$country": "FR", "$browser": "Mine"}
            event = await send(server, seen, dict(headers), **said)
            assert event["properties"] == PROPERTIES | said
            assert event["enriched"] == ["$os", "$device_type", "$is_bot"]
            posted = {"token": "w_test", "events": [{"event": "x", "properties": {}}]}
            async with aiohttp.ClientSession() as http:
                given = headers | {"Origin": server.url, "X-Forwarded-For": SWISS}
                async with http.post(f"{server.url}/v1/events", json=posted, headers=given) as answer:
                    assert answer.status == 200
            event = await shown(seen)
            assert (event["properties"]["$country"], event["via"]) == ("CH", "http")
            assert countries(server) == {"DE": 1, "FR": 1, "CH": 1}
        log_only = {name: value for name, value in settings.items() if name != "geo_db"}
        async with serving(tmp_path, kpis, **log_only) as server:
            assert countries(server) == {"DE": 1, "FR": 1, "CH": 1}

    on_loop(run)


def countries(server: Server) -> dict[Any, Any]:
    """Events by country."""
    server.house.fold.advance(server.house.clock())
    rows = server.house.fold.engine.each_row("by_country", 0, 1 << 60)
    return {row.dims["$country"]: row.value for row in rows}


def test_without_a_trusted_proxy_nobody_is_believed(tmp_path: Path) -> None:
    """Anyone can write the header: the country is that of the socket's own address, which has none."""

    async def run() -> None:
        settings: dict[str, Any] = {"geo_db": database(tmp_path / "a.mmdb"), "tick_ms": 20}
        async with serving(tmp_path, **settings) as server, wire(server) as seen:
            await viewer(seen)
            await seen.say({"type": "subscribe", "id": 5, "topic": "events", "max_hz": 20})
            await seen.hear("events")
            event = await send(server, seen, {"X-Forwarded-For": GERMAN, "User-Agent": FIREFOX})
            assert (event["properties"], event["enriched"]) == ({}, [])

    on_loop(run)


def test_a_new_database_is_taken_on_sighup(tmp_path: Path) -> None:
    """And one that cannot be read is not: the old one goes on."""

    async def run() -> None:
        path = tmp_path / "a.mmdb"
        async with serving(tmp_path, geo_db=database(path)) as server:
            server.heed_signals()
            sender = Sender(GERMAN, "https://a.example")
            (tmp_path / "b.mmdb").write_bytes(b"none")
            (tmp_path / "b.mmdb").replace(path)
            server.reload()
            assert server.house.enricher.facts(sender) == {"$country": "DE"}
            database(tmp_path / "b.mmdb", german={"country_code": "AT"})
            (tmp_path / "b.mmdb").replace(path)
            signal.raise_signal(signal.SIGHUP)
            await until(lambda: server.house.enricher.facts(sender) == {"$country": "AT"})

    on_loop(run)


def test_the_cap_of_an_address_is_that_of_the_client(tmp_path: Path) -> None:
    """Behind a trusted proxy all come from one address, and each has its own share."""

    async def run() -> None:
        settings: dict[str, Any] = {"trusted_proxies": "127.0.0.1", "max_connections_per_ip": 1}
        async with serving(tmp_path, **settings) as server, wire(server) as _:
            url = server.url.replace("http", "ws", 1) + "/v1/ws"
            dial = partial(connect, url, subprotocols=[Subprotocol("tidegate.v1")], proxy=None)
            german, swiss = ({"X-Forwarded-For": address} for address in (GERMAN, SWISS))
            async with dial(additional_headers=german), dial(additional_headers=swiss):
                with pytest.raises(InvalidStatus, match="429"):
                    await dial(additional_headers=german)
                assert server.gate.open_of(GERMAN) == server.gate.open_of(SWISS) == 1

    on_loop(run)
