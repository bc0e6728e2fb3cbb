"""Simulated visitors over real sockets: bounded connections, a line of progress, and an account that closes."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable

import pytest

from client_sdk.python import Ledger, State
from gateway.demo import visitors
from gateway.demo.visitors import Visitors, progress
from tests.client_sdk.server import Server
from tests.client_sdk.test_async_client import run


def hurried() -> Callable[[], int]:
    """A clock twenty times as fast as the wall's."""
    began = time.monotonic()
    return lambda: 1_795_334_400_000 + int((time.monotonic() - began) * 20_000)


@pytest.mark.parametrize(("count", "sockets"), [(40, 3), (2, 2)])
def test_events_arrive_over_a_few_sockets(count: int, sockets: int) -> None:
    """All visitors share the connections; at the end everything sent was counted once."""

    async def scenario() -> None:
        async with Server() as server:
            crowd = Visitors(server.url, "wk", visitors=count, connections=3, clock=hurried())
            stop = asyncio.Event()
            running = asyncio.create_task(crowd.run(stop))
            await server.until(lambda: len(server.model.counted) >= 10)
            stop.set()
            ledger = await running
            assert ledger == crowd.ledger()
            assert ledger == Ledger(sent=ledger.sent, accepted=ledger.sent)
            assert ledger.sent == len(server.model.counted)
            hellos = server.of_type("hello")
            assert len(hellos) == len({hello["producer"]["id"] for hello in hellos}) == sockets
            assert {hello["token"] for hello in hellos} == {"wk"}
            events = [event for batch in server.of_type("batch") for event in batch["events"]]
            assert {"distinct_id", "session_id", "timestamp"} <= events[0].keys()

    run(scenario())


def test_a_session_stays_on_its_socket() -> None:
    """Events of one session come from one producer, in order of their time."""

    async def scenario() -> None:
        async with Server() as server:
            crowd = Visitors(server.url, "wk", visitors=40, connections=4, clock=hurried())
            stop = asyncio.Event()
            running = asyncio.create_task(crowd.run(stop))
            await server.until(lambda: len(server.model.counted) >= 100)
            stop.set()
            await running
            sessions: dict[str, list[tuple[str, int]]] = {}
            for (producer, _, _), batch in sorted(server.model.seen.items()):
                for event in batch["events"]:
                    sessions.setdefault(event["session_id"], []).append((producer, event["timestamp"]))
            for events in sessions.values():
                assert len({producer for producer, _ in events}) == 1
                assert [at for _, at in events] == sorted(at for _, at in events)

    run(scenario())


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_reported(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """On a terminal the line is written over, elsewhere each is a line; the last is the final account."""
    monkeypatch.setattr(visitors, "LINE_S", 0.05)
    monkeypatch.setattr(visitors, "PLAIN_LINE_S", 0.05)

    async def scenario() -> None:
        out = Terminal() if terminal else io.StringIO()
        async with Server() as server:
            crowd = Visitors(server.url, "wk", visitors=20, out=out)
            stop = asyncio.Event()
            running = asyncio.create_task(crowd.run(stop))
            await server.until(lambda: out.getvalue().count("events/s") >= 3)
            stop.set()
            ledger = await running
        lines = out.getvalue().split("\r\x1b[2K" if terminal else "\n")
        assert lines[-1 if terminal else -2].strip() == progress(20, 0, ledger, [])
        assert out.getvalue().endswith("\n")

    run(scenario())


def test_the_line_tells_what_is_wrong() -> None:
    """Connections that are not open are counted by state; an account that does not balance shows."""
    line = progress(5, 0, Ledger(sent=3, accepted=1), [State.OPEN, State.WAITING, State.WAITING, State.HTTP])
    assert line == (
        "5 visitors, 0 events/s: 3 sent != 1 accepted + 0 duplicate + 0 rejected + 0 expired + 0 pending, "
        "1 http, 2 waiting"
    )


def test_a_server_that_goes_away_does_not_end_the_visit() -> None:
    """Events wait and arrive when it is back."""

    async def scenario() -> None:
        async with Server() as server:
            crowd = Visitors(server.url, "wk", visitors=40, connections=2, clock=hurried())
            stop = asyncio.Event()
            running = asyncio.create_task(crowd.run(stop))
            await server.until(lambda: len(server.model.counted) >= 10)
            await server.stop()
            await server.start()
            seen = len(server.model.counted)
            await server.until(lambda: len(server.model.counted) >= seen + 10)
            stop.set()
            ledger = await running
            assert ledger == Ledger(sent=ledger.sent, accepted=ledger.sent)
            assert set(server.model.counted.values()) == {1}

    run(scenario())


def test_without_visitors_nothing_connects() -> None:
    """Zero visitors wait for the stop and are done."""

    async def scenario() -> None:
        async with Server() as server:
            stop = asyncio.Event()
            stop.set()
            assert await Visitors(server.url, "wk", visitors=0).run(stop) == Ledger()
            assert server.attempts == 0

    run(scenario())
