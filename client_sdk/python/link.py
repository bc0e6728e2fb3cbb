"""Keeps one pure session on a live WebSocket: opens, drives, waits with back-off, opens again. One task, one owner.

session decides -> the front commits what must be remembered -> the link carries out
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from client_sdk.python.actions import Action, Close, Opened, Send
from client_sdk.python.backoff import Backoff
from client_sdk.python.clock import Clock
from client_sdk.python.closecodes import Retry, retry_rule
from client_sdk.python.transport import OpeningError

__all__ = ["Link", "Session", "State"]

SEND_S = 30
"""A socket that takes no bytes for so long is given up."""


class State(Enum):
    """What a client is doing: `IDLE -> CONNECTING -> OPEN -> WAITING -> CONNECTING ..`, until it is for good."""

    IDLE = "idle"
    """Not started."""
    CONNECTING = "connecting"
    """Opening a socket, or waiting for the welcome."""
    OPEN = "open"
    """The server said welcome."""
    WAITING = "waiting"
    """The connection is gone; the next attempt comes after a back-off."""
    HTTP = "http"
    """No socket can be opened, but posting events works."""
    STOPPED = "stopped"
    """For good: the server refused the key, or another connection has the same producer id."""
    CLOSED = "closed"
    """For good: its user closed it."""


class Session(Protocol):
    """What a link drives: `Producer` and `Viewer`."""

    @property
    def wake_at(self) -> int | None: ...
    @property
    def hold_until(self) -> int: ...
    def hello(self, now: int) -> list[Action]: ...
    def receive(self, frame: bytes, now: int) -> list[Action]: ...
    def poll(self, now: int) -> list[Action]: ...
    def lost(self, code: int) -> None: ...


class Link:
    """One client's way to the server."""

    def __init__(
        self,
        session: Session,
        connect: Callable[[], Awaitable[ClientConnection]],
        clock: Clock,
        *,
        tell: Callable[[Sequence[Action]], None],
        on_state: Callable[[State, str], None],
        without: Callable[[], Awaitable[float | None]] | None = None,
        text: bool = True,
    ) -> None:
        """`tell` gets the actions of each step before any is carried out: it commits, then informs the user.

        `without` is called while no socket can be opened, and returns after how many seconds to call it again, or
        None for not before the next `wake`. `text` is whether frames are; else they are binary.
        """
        self._session = session
        self._connect = connect
        self._clock = clock
        self._tell = tell
        self._on_state = on_state
        self._without = without
        self._text = text
        self._backoff = Backoff()
        # Attempts in a row that ended without a welcome.
        self._unopened = 0
        # Set when the task has something to look at.
        self._awake = asyncio.Event()
        # Actions that the reader's frames led to, in order.
        self._inbox: list[Action] = []
        # The socket past its handshake; None between sockets.
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.state = State.IDLE
        # Why the server closed for good; None while it did not.
        self.stopped: tuple[int, str] | None = None

    @property
    def started(self) -> bool:
        """Whether it was begun and not closed since; its first state may be still to come."""
        return self._task is not None

    def start(self) -> None:
        """Begin. Call it once, in the running loop."""
        assert self._task is None
        self._task = asyncio.get_running_loop().create_task(self._run(), name="tidegate-link")

    def wake(self) -> None:
        """The session has something new to `poll` for. Cheap."""
        self._awake.set()

    def stop(self, code: int, reason: str) -> None:
        """Give up for good."""
        self.stopped = (code, reason)
        self._set(State.STOPPED, f"{code} {reason}".rstrip())

    def posted(self) -> None:
        """`without` got something through."""
        if self.state is not State.HTTP:
            self._set(State.HTTP, "")

    async def close(self) -> None:
        """Close the socket with 1000 and end the task. A fault of this program that ended the task early is raised."""
        self._closing = True
        self._awake.set()
        if self._task is not None:
            if self._socket is None:
                self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._set(State.CLOSED, "")

    async def _run(self) -> None:
        try:
            while True:
                rule, detail, wait_ms = await self._attempt()
                if self._over():
                    return
                now = self._clock.now()
                # Jitter spreads the clients of a restarted server; it is no secret.
                delay_ms = self._backoff.delay_ms(rule, now, random.random())  # noqa: S311
                self._set(State.WAITING, detail)
                await self._wait(max(delay_ms, wait_ms, self._session.hold_until - now) / 1_000)
                if self._over():
                    return
        except Exception as error:
            self.stop(0, f"fault of the client: {error!r}")
            raise

    async def _attempt(self) -> tuple[Retry, str, int]:
        """One try, to the end of its connection: the rule that follows, why, and how long the server said to wait."""
        self._unopened += 1
        self._set(State.CONNECTING, "")
        try:
            socket = await self._connect()
        except OpeningError as error:
            return Retry.BACKOFF, str(error), error.retry_after_ms
        rule, detail = await self._live(socket)
        return rule, detail, 0

    async def _live(self, socket: ClientConnection) -> tuple[Retry, str]:
        """One connection from its handshake to its end: what follows, and why."""
        self._socket = socket
        self._clock.anchor()
        reader = asyncio.get_running_loop().create_task(self._read(socket))
        reader.add_done_callback(lambda _: self._awake.set())
        close: Close | None = None
        broken = False
        try:
            close = await self._perform(socket, self._session.hello(self._clock.now()))
            while not (close or reader.done() or self._closing):
                self._awake.clear()
                actions, self._inbox = self._inbox, []
                close = await self._perform(socket, actions)
                close = close or await self._perform(socket, self._session.poll(self._clock.now()))
                if not close:
                    await self._sleep(self._session.wake_at)
        except (ConnectionClosed, TimeoutError):
            broken = True
        finally:
            await self._part(socket, reader, close, abort=broken)
        code, reason = socket.close_code or 1006, socket.close_reason or ""
        self._session.lost(code)
        self._tell([])
        if close is not None:
            code, reason, rule = 1000, close.reason, close.retry
        else:
            rule = retry_rule(code)
        if rule is Retry.NEVER and not self._closing:
            self.stop(code, reason)
        return rule, f"{code} {reason}".rstrip()

    async def _part(
        self, socket: ClientConnection, reader: asyncio.Task[None], close: Close | None, *, abort: bool
    ) -> None:
        """End the socket and its reader. What the reader heard before the end still counts."""
        self._socket = None
        if abort and not reader.done():
            socket.transport.abort()
        await socket.close(1000, close.reason if close else "")
        await reader
        actions, self._inbox = self._inbox, []
        self._tell(actions)

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = await socket.recv(decode=False)
                self._inbox += self._session.receive(frame, self._clock.now())
                self._awake.set()

    async def _perform(self, socket: ClientConnection, actions: list[Action]) -> Close | None:
        """Carry out a step; returns its `Close`, if it has one."""
        self._tell(actions)
        async with asyncio.timeout(SEND_S):
            for action in actions:
                match action:
                    case Send(frame):
                        await socket.send(frame, text=self._text)
                    case Opened():
                        self._backoff.opened(self._clock.now())
                        self._unopened = 0
                        self._set(State.OPEN, "")
                    case Close():
                        return action
                    case _:
                        pass
        return None

    async def _sleep(self, until: int | None) -> None:
        """Until awakened, or until a time of the client's clock."""
        await self._nap(None if until is None else max(0, until - self._clock.now()) / 1_000)

    async def _wait(self, seconds: float) -> None:
        """The pause between two sockets."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self._over() and (left := end - loop.time()) > 0:
            self._awake.clear()
            again: float | None = None
            if self._without is not None and self._unopened >= 2:
                again = await self._without()
                left = end - loop.time()
            if not self._over() and left > 0:
                await self._nap(left if again is None else min(left, again))

    async def _nap(self, seconds: float | None) -> None:
        if seconds is None:
            await self._awake.wait()
            return
        timer = asyncio.get_running_loop().call_later(seconds, self._awake.set)
        try:
            await self._awake.wait()
        finally:
            timer.cancel()

    def _over(self) -> bool:
        return self._closing or self.stopped is not None

    def _set(self, state: State, detail: str) -> None:
        self.state = state
        self._on_state(state, detail)
