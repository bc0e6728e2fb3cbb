"""Delivery joins the parts: it writes before it sends, falls back to HTTP, and lets who flushes know."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from client_sdk.python import AsyncClient, Ledger, State, StoppedError
from client_sdk.python.errors import SpoolError
from client_sdk.python.spool import Spool
from tests.client_sdk.model import Row, ServerModel
from tests.client_sdk.server import Server
from tests.client_sdk.test_async_client import run
from tests.client_sdk.test_transport import Http


def test_without_a_socket_events_are_posted() -> None:
    """Where no handshake succeeds, batches go over HTTP with the same identity and numbers."""

    async def scenario() -> None:
        model, bodies = ServerModel(), []

        async def answer(request: web.Request) -> web.Response:
            body: Any = await request.json()
            bodies.append(body)
            verdicts = model.apply(body["seq"], body["events"])
            return web.json_response({"seq": body["seq"], "verdicts": verdicts})

        states: list[State] = []
        async with Http(answer) as server:
            client = AsyncClient(server.url, "wk", on_state=lambda state, _: states.append(state))
            await client.start()
            for number in range(120):
                client.capture("e", {"bad": number == 7})
            await client.flush()
            assert await client.close() == Ledger(sent=120, accepted=119, rejected=1)
        assert [body["seq"] for body in bodies] == [1, 2, 3]
        assert {body["token"] for body in bodies} == {"wk"}
        assert {body["producer"]["id"] for body in bodies} == {client.producer_id}
        assert bodies[0]["defaults"]["properties"]["$lib"] == "python"
        assert State.HTTP in states
        assert State.OPEN not in states

    run(scenario())


def test_a_refusal_over_http_stops_the_client() -> None:
    """401 is as final as 4001."""

    async def scenario() -> None:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=401)

        async with Http(answer) as server:
            client = AsyncClient(server.url, "bad")
            client.capture("e")
            await client.start()
            with pytest.raises(StoppedError, match="401 unauthorized"):
                await client.flush()
            assert client.state is State.STOPPED
            assert (await client.close()).pending == 1

    run(scenario())


def test_a_batch_that_went_both_ways_counts_once() -> None:
    """Posted without hearing the reply, then sent over a socket: the same number, the same events, counted once."""

    async def scenario() -> None:
        model, bodies, lost = ServerModel(), [], asyncio.Event()

        async def answer(request: web.Request) -> web.Response:
            body: Any = await request.json()
            bodies.append(body)
            model.apply(body["seq"], body["events"])
            model.producers[body["producer"]["id"]] = Row(body["producer"]["epoch"], body["seq"], body["seq"])
            lost.set()
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        async with Http(answer) as http:
            client = AsyncClient(http.url, "wk")
            client.capture("e")
            await client.start()
            await lost.wait()
        async with Server(model, port=http.port) as server:
            await client.flush()
            (batch,) = server.of_type("batch")
            assert (batch["seq"], batch["events"]) == (bodies[0]["seq"], bodies[0]["events"])
            assert await client.close() == Ledger(sent=1, accepted=1)
            assert model.counted == {batch["events"][0]["uuid"]: 1}

    run(scenario())


def test_a_batch_is_on_file_before_it_is_sent(tmp_path: Path) -> None:
    """When the server has a batch, the spool has its number: a killed process would resend the same."""

    async def scenario() -> None:
        async with Server() as server:
            server.paused = True
            client = AsyncClient(server.url, "wk", spool=tmp_path / "spool")
            written: list[int] = []
            spool = client._delivery._spool
            assert spool is not None
            write = spool.write

            def watch(records: Any, ledger: Ledger) -> None:
                assert len(server.of_type("batch")) == len(written)
                written.extend(record.batch.seq for record in records if type(record).__name__ == "Sealed")
                write(records, ledger)

            spool.write = watch  # type: ignore[method-assign]
            await client.start()
            client.capture("e")
            await server.until(lambda: server.of_type("batch"))
            assert written == [1]
            await client.close(timeout=0)

    run(scenario())


def test_a_spool_that_fails_is_given_up_not_the_events(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk is told once in the log; events go on from memory."""

    async def scenario() -> None:
        async with Server() as server:
            client = AsyncClient(server.url, "wk", spool=tmp_path / "spool")
            spool = client._delivery._spool
            assert spool is not None

            def full(*_: Any) -> None:
                raise SpoolError("spool: database or disk is full")

            spool.write = full  # type: ignore[assignment, method-assign]
            await client.start()
            for _ in range(3):
                client.capture("e")
            await client.flush()
            assert await client.close() == Ledger(sent=3, accepted=3)

    with caplog.at_level(logging.WARNING):
        run(scenario())
    assert [record.message for record in caplog.records] == ["the spool is given up: spool: database or disk is full"]
    Spool(tmp_path / "spool").close()


def test_two_flushes_wait_for_their_own_events() -> None:
    """A flush does not wait for what was captured after it."""

    async def scenario() -> None:
        async with Server() as server:
            client = AsyncClient(server.url, "wk")
            await client.start()
            client.capture("one")
            first = asyncio.create_task(client.flush())
            await server.until(lambda: server.of_type("batch"))
            server.paused = True
            client.capture("two")
            second = asyncio.create_task(client.flush())
            await first
            await server.until(lambda: len(server.of_type("batch")) == 2)
            assert not second.done()
            second.cancel()
            await client.close(timeout=0)

    run(scenario())


def test_what_is_lost_without_a_spool_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A refusal and a close with events left over reach the log of who listens to nothing."""

    async def scenario() -> None:
        async with Server() as server:
            server.refuse = 4001
            async with AsyncClient(server.url, "bad") as client:
                client.capture("e")
            assert client.ledger().pending == 1

    run(scenario())
    said = [record.getMessage() for record in caplog.records if record.name == "tidegate.client"]
    assert [text.partition(";")[0].partition(",")[0] for text in said] == [
        "stopped for good: 4001 refused",
        "1 events were not sent",
    ]
