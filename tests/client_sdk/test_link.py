"""The link keeps a session connected: it retries by the rules of the close codes, and it ends cleanly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from client_sdk.python.actions import Action, Close, Opened, Send
from client_sdk.python.clock import Clock
from client_sdk.python.closecodes import Retry
from client_sdk.python.link import Link, State
from client_sdk.python.transport import Opener, OpeningError
from tests.client_sdk.server import Server
from tests.client_sdk.test_async_client import run


class Script:
    """A session that says hello, and does what a test puts into `todo`."""

    def __init__(self) -> None:
        self.wake_at: int | None = None
        self.hold_until = 0
        self.todo: list[Action] = []
        self.codes: list[int] = []
        self.heard: list[bytes] = []

    def hello(self, now: int) -> list[Action]:
        return [Send(b'{"type":"hello","role":"viewer"}')]

    def receive(self, frame: bytes, now: int) -> list[Action]:
        self.heard.append(frame)
        return [Opened()]

    def poll(self, now: int) -> list[Action]:
        todo, self.todo = self.todo, []
        return todo

    def lost(self, code: int) -> None:
        self.codes.append(code)


class Watch:
    """Collects what a link tells, and lets a test wait for a state."""

    def __init__(self) -> None:
        self.states: list[tuple[State, str]] = []
        self._changed = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, actions: Sequence[Action]) -> None:
        """Nothing to commit."""

    def on_state(self, state: State, detail: str) -> None:
        self.states.append((state, detail))
        task = self._loop.create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, state: State, times: int = 1) -> str:
        """Wait for the n-th time of a state; returns its detail."""
        async with self._changed:
            await self._changed.wait_for(lambda: sum(seen is state for seen, _ in self.states) >= times)
        return [detail for seen, detail in self.states if seen is state][times - 1]


def link_to(url: str, script: Script, watch: Watch, **more: Any) -> Link:
    opener = Opener(url.replace("http", "ws") + "/v1/ws", proxy=None, ssl=None)
    return Link(script, opener.open, Clock(), tell=watch.tell, on_state=watch.on_state, **more)


def test_a_broken_socket_is_opened_again() -> None:
    """1006 stands for an end without a close frame; the link comes back by itself."""

    async def scenario() -> None:
        async with Server() as server:
            script, watch = Script(), Watch()
            link = link_to(server.url, script, watch)
            link.start()
            await watch.until(State.OPEN)
            server.drop()
            assert await watch.until(State.WAITING) == "1006"
            await watch.until(State.OPEN, 2)
            assert script.codes == [1006]
            await link.close()

    run(scenario())


@pytest.mark.parametrize(
    ("code", "state"), [(1012, State.WAITING), (4108, State.WAITING), (4201, State.WAITING), (4001, State.STOPPED)]
)
def test_the_close_code_decides_what_follows(code: int, state: State) -> None:
    """40xx ends it for good, everything else is tried again."""

    async def scenario() -> None:
        async with Server() as server:
            server.refuse = code
            script, watch = Script(), Watch()
            link = link_to(server.url, script, watch)
            link.start()
            assert await watch.until(state) == f"{code} refused"
            assert script.codes[0] == code
            assert link.stopped == ((code, "refused") if state is State.STOPPED else None)
            await link.close()

    run(scenario())


def test_the_session_may_end_a_connection() -> None:
    """A `Close` closes with 1000, and its own rule says what follows."""

    async def scenario() -> None:
        async with Server() as server:
            script, watch = Script(), Watch()
            link = link_to(server.url, script, watch)
            link.start()
            await watch.until(State.OPEN)
            script.todo = [Close("new epoch", Retry.NOW)]
            link.wake()
            assert await watch.until(State.WAITING) == "1000 new epoch"
            await watch.until(State.OPEN, 2)
            await link.close()

    run(scenario())


def test_a_refused_handshake_is_told_and_tried_again() -> None:
    """The status of the refusal is the detail of the state; the session is not bothered."""

    async def scenario() -> None:
        async with Server() as server:
            server.status = 503
            script, watch = Script(), Watch()
            link = link_to(server.url, script, watch)
            link.start()
            assert await watch.until(State.WAITING) == "HTTP 503"
            server.status = None
            await watch.until(State.OPEN)
            assert script.codes == []
            await link.close()

    run(scenario())


def test_a_hold_delays_the_next_connection() -> None:
    """The link waits until the session's `hold_until`, whatever the back-off says."""

    async def scenario() -> None:
        async with Server() as server:
            script, watch = Script(), Watch()
            link = link_to(server.url, script, watch)
            link.start()
            await watch.until(State.OPEN)
            script.hold_until = Clock().now() + 3_600_000
            script.todo = [Close("hold", Retry.NOW)]
            link.wake()
            await watch.until(State.WAITING)
            for _ in range(50):
                await asyncio.sleep(0)
            assert server.attempts == 1
            await link.close()
            assert watch.states[-1] == (State.CLOSED, "")

    run(scenario())


def test_the_way_without_a_socket_is_taken_from_the_second_failure_on() -> None:
    """`without` is called while no socket opens, and no more once one does."""

    async def scenario() -> None:
        async with Server() as server:
            server.status = 502
            script, watch = Script(), Watch()
            attempts: list[int] = []
            asked = asyncio.Event()

            async def without() -> float | None:
                attempts.append(server.attempts)
                asked.set()
                return None

            link = link_to(server.url, script, watch, without=without)
            link.start()
            await asked.wait()
            assert attempts[0] == 2
            link.posted()
            await watch.until(State.HTTP)
            server.status = None
            await watch.until(State.OPEN)
            await link.close()

    run(scenario())


def test_close_ends_a_link_in_any_state() -> None:
    """Unstarted, connecting, open: `close` leaves no task and no socket."""

    async def scenario() -> None:
        async with Server() as server:
            unstarted = link_to(server.url, Script(), Watch())
            await unstarted.close()

            async def never() -> Any:
                await asyncio.Event().wait()

            watch = Watch()
            connecting = Link(Script(), never, Clock(), tell=watch.tell, on_state=watch.on_state)
            connecting.start()
            await watch.until(State.CONNECTING)
            await connecting.close()
            watch = Watch()
            opened = link_to(server.url, Script(), watch)
            opened.start()
            await watch.until(State.OPEN)
            await opened.close()
            assert [task for task in asyncio.all_tasks() if task.get_name() == "tidegate-link"] == []

    run(scenario())


def test_a_fault_of_the_client_is_not_hidden() -> None:
    """An error that no rule foresees stops the link, and `close` raises it."""

    async def scenario() -> None:
        async def broken() -> Any:
            raise ZeroDivisionError

        watch = Watch()
        link = Link(Script(), broken, Clock(), tell=watch.tell, on_state=watch.on_state)
        link.start()
        assert "ZeroDivisionError" in await watch.until(State.STOPPED)
        with pytest.raises(ZeroDivisionError):
            await link.close()

    run(scenario())


def test_an_opening_error_can_ask_for_time() -> None:
    """The server's `Retry-After` is the least wait."""

    async def scenario() -> None:
        tries = 0

        async def later() -> Any:
            nonlocal tries
            tries += 1
            raise OpeningError("HTTP 503", retry_after_ms=3_600_000)

        watch = Watch()
        link = Link(Script(), later, Clock(), tell=watch.tell, on_state=watch.on_state)
        link.start()
        await watch.until(State.WAITING)
        for _ in range(50):
            await asyncio.sleep(0)
        assert tries == 1
        await link.close()

    run(scenario())
