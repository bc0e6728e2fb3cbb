"""The client without an event loop: a thread that starts, serves every thread, and ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from client_sdk.python import Client, ClosedError, EventError, Ledger, State, StoppedError, Verdict
from tests.client_sdk.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = Server()
    asyncio.run_coroutine_threadsafe(running.start(), loop).result(60)
    yield running
    asyncio.run_coroutine_threadsafe(running.stop(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)
    loop.close()


def client_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tidegate-client"]


def test_events_of_many_threads_arrive(server: Server) -> None:
    """Each thread's captures are sent once, and the account has them all at once."""
    with Client(server.url, "wk") as client:

        def work(name: int) -> list[str]:
            return [client.capture("e", {"thread": name}, distinct_id=f"u{name}") for _ in range(100)]

        with ThreadPoolExecutor(4) as pool:
            uuids = [uuid for found in pool.map(work, range(4)) for uuid in found]
        assert client.ledger().sent == 400
        client.flush(60)
        assert client.ledger() == Ledger(sent=400, accepted=400)
        assert client.state is State.OPEN
    assert set(server.model.counted) == set(uuids)


def test_close_ends_the_thread(server: Server) -> None:
    """Nothing is left running; the account stays readable; other calls say that it is closed."""
    client = Client(server.url, "wk")
    client.capture("e")
    assert client.close() == client.close() == client.ledger() == Ledger(sent=1, accepted=1)
    assert client_threads() == []
    with pytest.raises(ClosedError):
        client.capture("e")
    with pytest.raises(ClosedError):
        client.flush()
    with pytest.raises(ClosedError):
        client.authenticate("wk2")


def test_a_client_that_cannot_be_made_leaves_no_thread() -> None:
    """The error is the constructor's."""
    with pytest.raises(ValueError, match="URL"):
        Client("nowhere", "wk")
    with pytest.raises(TypeError, match="colour"):
        Client("http://localhost:1", "wk", colour="blue")
    assert client_threads() == []


def test_errors_come_to_the_caller(server: Server) -> None:
    """A bad event at `capture`, a time-out or a stop at `flush`."""
    server.paused = True
    with Client(server.url, "wk") as client:
        with pytest.raises(EventError, match=r"properties\.x"):
            client.capture("e", {"x": float("nan")})
        client.capture("e")
        with pytest.raises(TimeoutError):
            client.flush(0.05)
        server.paused = False
        client.close(timeout=0)
    server.refuse = 4001
    with Client(server.url, "bad") as client:
        client.capture("e")
        with pytest.raises(StoppedError, match="4001"):
            client.flush(60)


def test_a_callback_must_not_wait_for_its_own_thread(server: Server) -> None:
    """Inside a callback, what would wait for ever raises instead; capturing is fine."""
    errors: list[Exception] = []
    told = threading.Event()

    def listen(verdict: Verdict) -> None:
        for call in (client.flush, client.ledger, client.close):
            try:
                call()
            except RuntimeError as error:
                errors.append(error)
        client.capture("after", {"of": verdict.uuid})
        told.set()

    client = Client(server.url, "wk", on_verdict=listen)
    client.capture("e", {"bad": True})
    assert told.wait(60)
    assert len(errors) == 3
    client.flush(60)
    assert client.close() == Ledger(sent=2, accepted=1, rejected=1)


def test_a_new_key_is_used(server: Server) -> None:
    """`authenticate` reaches the connection that is open, or the next hello."""
    with Client(server.url, "wk") as client:
        client.capture("e")
        client.flush(60)
        client.authenticate("wk2")
        client.capture("e")
        client.flush(60)
        assert server.of_type("auth") == [{"type": "auth", "token": "wk2"}]


def test_a_spool_is_kept_by_the_client_s_thread(server: Server, tmp_path: Path) -> None:
    """What was not sent is there for the next client."""
    server.paused = True
    first = Client(server.url, "wk", spool=tmp_path / "spool")
    first.capture("e")
    assert first.close(timeout=0).pending == 1
    server.paused = False
    with Client(server.url, "wk", spool=tmp_path / "spool") as second:
        second.flush(60)
        assert second.producer_id == first.producer_id
        assert second.ledger() == Ledger(sent=1, accepted=1)
