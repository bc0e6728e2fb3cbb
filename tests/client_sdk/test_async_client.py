"""The asyncio client over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from client_sdk.python import AsyncClient, ClosedError, EventError, Ledger, SpoolError, State, StoppedError, Verdict
from tests.client_sdk.server import Server


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario to its end, or fail after a minute."""

    async def limited() -> None:
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(limited())


def test_captured_events_arrive() -> None:
    """After a flush the server has every event once, with ids, time and the client's own properties."""

    async def scenario() -> None:
        async with Server() as server:
            client = AsyncClient(server.url, "wk", distinct_id="u1", session_id="s1", properties={"app": "shop"})
            await client.start()
            uuids = [client.capture("purchase", {"value": 9.5}) for _ in range(120)]
            client.capture("other", distinct_id="u2", session_id="s2", timestamp=5)
            await client.flush()
            assert await client.close() == Ledger(sent=121, accepted=121)
            assert list(server.model.counted)[:120] == uuids
            hello, first, *_ = server.heard
            assert hello["token"] == "wk"
            assert hello["defaults"]["properties"]["app"] == "shop"
            assert hello["defaults"]["properties"]["$lib"] == "python"
            event = first["events"][0]
            assert (event["event"], event["distinct_id"], event["session_id"]) == ("purchase", "u1", "s1")
            last = server.heard[-1]["events"][-1]
            assert (last["distinct_id"], last["session_id"], last["timestamp"]) == ("u2", "s2", 5)

    run(scenario())


def test_a_block_that_never_waits_sends_what_it_captured() -> None:
    """Its end is reached before the link has taken its first step."""

    async def scenario() -> None:
        async with Server() as server:
            async with AsyncClient(server.url, "wk") as client:
                client.capture("quick")
            assert client.ledger() == Ledger(sent=1, accepted=1)
            assert len(server.model.counted) == 1

    run(scenario())


def test_a_client_is_started_once() -> None:
    """However often it is asked to."""

    async def scenario() -> None:
        async with Server() as server:
            client = AsyncClient(server.url, "wk")
            await client.start()
            async with client:
                client.capture("e")
            assert server.attempts == 1
            assert client.ledger().accepted == 1

    run(scenario())


@pytest.mark.parametrize(
    "odd",
    [
        {"key": ""},
        {"key": None},
        {"producer_id": ""},
        {"max_queue": 0},
        {"max_queue": "many"},
        {"max_queue_bytes": 1.5},
        {"distinct_id": "u" * 201},
        {"session_id": 7},
    ],
)
def test_what_no_server_would_take_is_refused_at_once(odd: dict[str, Any]) -> None:
    """By its name, and not by silence later."""
    options: dict[str, Any] = {"key": "wk", **odd}
    with pytest.raises(ValueError, match=next(iter(odd))):
        AsyncClient("http://127.0.0.1:1", options.pop("key"), **options)


def test_events_wait_for_the_server() -> None:
    """What is captured before the start, or while the server is away, arrives when it is there."""

    async def scenario() -> None:
        server = Server()
        await server.start()
        await server.stop()
        client = AsyncClient(server.url, "wk", http_fallback=False)
        client.capture("early")
        await client.start()
        client.capture("away")
        with pytest.raises(TimeoutError):
            await client.flush(0.05)
        assert client.ledger().pending == 2
        async with server:
            await client.flush()
            assert await client.close() == Ledger(sent=2, accepted=2)

    run(scenario())


def test_a_broken_connection_loses_and_doubles_nothing() -> None:
    """Sockets break while batches are under way; the account closes, and every event counted once."""

    async def scenario() -> None:
        async with Server() as server:
            client = AsyncClient(server.url, "wk")
            await client.start()
            for round_ in range(3):
                server.paused = True
                uuids = {client.capture("e", {"round": round_, "n": n}) for n in range(70)}
                batches = len(server.of_type("batch"))
                await server.until(lambda seen=batches: len(server.of_type("batch")) > seen)
                if round_ == 1:
                    server.model.commit()
                server.paused = False
                server.drop()
                await client.flush()
                assert uuids <= set(server.model.counted)
            assert await client.close() == Ledger(sent=210, accepted=210)
            assert set(server.model.counted.values()) == {1}

    run(scenario())


def test_a_restarted_server_is_found_again() -> None:
    """A server that forgets everything not durable gets it again, on a new connection."""

    async def scenario() -> None:
        async with Server() as server:
            states: list[State] = []
            client = AsyncClient(server.url, "wk", on_state=lambda state, _: states.append(state))
            await client.start()
            client.capture("one")
            await client.flush()
            server.paused = True
            client.capture("two")
            await server.until(lambda: len(server.of_type("batch")) == 2)
            await server.stop()
            server.paused = False
            await server.start()
            await client.flush()
            assert await client.close() == Ledger(sent=2, accepted=2)
            assert len(server.model.counted) == 2
            assert states[:3] == [State.CONNECTING, State.OPEN, State.WAITING]
            assert states[-1] is State.CLOSED

    run(scenario())


@pytest.mark.parametrize("code", [4001, 4006, 4009])
def test_a_close_for_good_stops_the_client(code: int) -> None:
    """After a 40xx close the client does not come back; `flush` raises, events stay pending."""

    async def scenario() -> None:
        async with Server() as server:
            server.refuse = code
            stopped = asyncio.Event()
            client = AsyncClient(
                server.url, "bad", on_state=lambda state, _: stopped.set() if state is State.STOPPED else None
            )
            client.capture("e")
            await client.start()
            flush = asyncio.create_task(client.flush())
            await stopped.wait()
            with pytest.raises(StoppedError, match=str(code)):
                await flush
            with pytest.raises(StoppedError):
                await client.flush()
            assert server.attempts == 1
            assert (await client.close()).pending == 1

    run(scenario())


def test_verdicts_reach_the_callback() -> None:
    """Each event that was not plainly accepted is reported, and a failing callback stops nothing."""

    async def scenario() -> None:
        async with Server() as server:
            told: list[Verdict] = []

            def listen(verdict: Verdict) -> None:
                told.append(verdict)
                raise RuntimeError("a fault of the user's")

            client = AsyncClient(server.url, "wk", on_verdict=listen)
            await client.start()
            bad = client.capture("e", {"bad": True})
            client.capture("e")
            await client.flush()
            assert told == [Verdict(bad, "drop", "schema:bad")]
            assert await client.close() == Ledger(sent=2, accepted=1, rejected=1)

    run(scenario())


def test_pushes_reach_the_callback() -> None:
    """Flags that the server sends are handed on."""

    async def scenario() -> None:
        async with Server() as server:
            got: asyncio.Queue[Any] = asyncio.Queue()
            client = AsyncClient(server.url, "wk", on_push=lambda push: got.put_nowait(push.flags))
            await client.start()
            await server.until(lambda: server.of_type("hello"))
            await server.say({"type": "push", "flags": {"new_checkout": True}})
            assert await got.get() == {"new_checkout": True}
            await client.close()

    run(scenario())


def test_a_spool_carries_events_to_the_next_process(tmp_path: Path) -> None:
    """Events that one client could not send are sent by the next with the same spool, as the same producer."""

    async def scenario() -> None:
        async with Server() as server:
            server.paused = True
            first = AsyncClient(server.url, "wk", spool=tmp_path / "spool")
            await first.start()
            first.capture("sent")
            await server.until(lambda: server.of_type("batch"))
            first.capture("queued")
            with pytest.raises(SpoolError):
                AsyncClient(server.url, "wk", spool=tmp_path / "spool")
            assert (await first.close(timeout=0)).pending == 2
            server.paused = False
            async with AsyncClient(server.url, "wk", spool=tmp_path / "spool") as second:
                assert second.producer_id == first.producer_id
                await second.flush()
                assert second.ledger() == Ledger(sent=2, accepted=2)
            names = [event["event"] for batch in server.of_type("batch") for event in batch["events"]]
            assert sorted(set(names)) == ["queued", "sent"]
            assert len(server.model.counted) == 2

    run(scenario())


def test_a_spool_keeps_its_producer(tmp_path: Path) -> None:
    """A spool is not opened under another producer id, and is free again after the refusal."""

    async def scenario() -> None:
        client = AsyncClient("http://localhost:1", "wk", producer_id="a", spool=tmp_path / "spool")
        await client.close()
        with pytest.raises(SpoolError, match="belongs to producer a"):
            AsyncClient("http://localhost:1", "wk", producer_id="b", spool=tmp_path / "spool")
        again = AsyncClient("http://localhost:1", "wk", producer_id="a", spool=tmp_path / "spool")
        await again.close()

    run(scenario())


def test_a_fixed_id_without_a_spool_is_not_fenced_by_its_past() -> None:
    """A producer id used again by a later process starts in a higher epoch, so that its numbers are new."""

    async def scenario() -> None:
        async with Server() as server:
            for name in ("one", "two", "three"):
                async with AsyncClient(server.url, "wk", producer_id="fixed") as client:
                    client.capture(name)
                    await client.flush()
            assert len(server.model.counted) == 3

    run(scenario())


def test_a_bad_event_is_refused_at_once() -> None:
    """`capture` names the place of what cannot be sent, and takes nothing."""

    async def scenario() -> None:
        client = AsyncClient("http://localhost:1", "wk")
        with pytest.raises(EventError, match=r"properties\.items\[1\]: nan"):
            client.capture("e", {"items": [1.0, float("nan")]})
        assert client.ledger() == Ledger()
        await client.close()

    run(scenario())


def test_a_closed_client_takes_nothing() -> None:
    """After `close` every call that would need the server says so; closing again does not."""

    async def scenario() -> None:
        client = AsyncClient("http://localhost:1", "wk")
        await client.close()
        await client.close()
        with pytest.raises(ClosedError):
            client.capture("e")
        with pytest.raises(ClosedError):
            await client.flush()
        with pytest.raises(ClosedError):
            await client.start()
        assert client.state is State.CLOSED

    run(scenario())


@pytest.mark.parametrize("properties", [{"x": {1, 2}}, {"x": float("inf")}])
def test_common_properties_are_checked_at_once(properties: dict[str, Any]) -> None:
    """Properties of all events that cannot be sent are refused when the client is made."""
    with pytest.raises(EventError):
        AsyncClient("http://localhost:1", "wk", properties=properties)
