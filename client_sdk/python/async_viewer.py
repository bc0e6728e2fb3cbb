"""The viewer as an asyncio client: subscribe to KPIs and iterate over what changes."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl as tls
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from client_sdk.python.actions import Action, Noticed, Refused, ViewChanged
from client_sdk.python.address import Address
from client_sdk.python.async_client import VERSION
from client_sdk.python.clock import Clock
from client_sdk.python.errors import ClosedError, StoppedError, SubscriptionError
from client_sdk.python.ids import uuid7
from client_sdk.python.link import Link, State
from client_sdk.python.messages import Row, Sdk
from client_sdk.python.transport import Opener
from client_sdk.python.view import Change, View
from client_sdk.python.viewer import Viewer

__all__ = ["AsyncViewer", "Subscription"]

_log = logging.getLogger("tidegate.client")


class AsyncViewer:
    """Watches KPIs over one WebSocket. All methods belong to the loop's thread."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        on_state: Callable[[State, str], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
        proxy: str | None = None,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        """Set up; nothing is sent before `start`.

        Args:
            url: the gateway, such as `http://localhost:8080`.
            key: a view key or a JWT.
            on_state: called with each new state and the reason for it.
            on_notice: called with `conflated`, `drain` or `evicted:slow` when the server says so.
            proxy: URL of a proxy.
            ssl: TLS settings for https and wss.

        Raises:
            ValueError: the URL cannot be used.
        """
        clock = Clock()
        self._viewer = Viewer(key, uuid7(clock.now(), random.getrandbits(74)), Sdk("python", VERSION))
        self._on_state = on_state
        self._on_notice = on_notice
        self._subscriptions: dict[int, Subscription] = {}
        opener = Opener(Address.parse(url).socket, proxy=proxy, ssl=ssl)
        self._link = Link(self._viewer, opener.open, clock, tell=self._tell, on_state=self._entered)
        self._closed = False

    @property
    def state(self) -> State:
        """What the viewer is doing."""
        return self._link.state

    @property
    def over(self) -> Exception | None:
        """Why no more changes will come; None while they may."""
        if self._link.stopped is not None:
            return StoppedError(*self._link.stopped)
        return ClosedError("the viewer is closed") if self._closed else None

    async def start(self) -> None:
        """Begin to connect. Returns at once; the state tells how it goes.

        Raises:
            ClosedError: the viewer is closed.
        """
        if self._closed:
            raise ClosedError("the viewer is closed")
        self._link.start()

    def subscribe(
        self, kpi: str, *, last: int = 300, max_hz: float | None = None, where: Mapping[str, Any] | None = None
    ) -> Subscription:
        """Watch a KPI: `last` seconds of history, at most `max_hz` changes a second, rows whose dims equal `where`.

        Raises:
            ClosedError: the viewer is closed.
        """
        if self._closed:
            raise ClosedError("the viewer is closed")
        view = self._viewer.subscribe(kpi, last=last, max_hz=max_hz, where=where)
        subscription = Subscription(self, view)
        self._subscriptions[view.id] = subscription
        self._link.wake()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop watching; an iteration over it ends. Twice is once."""
        view = subscription.view
        if self._subscriptions.pop(view.id, None) is not None:
            self._viewer.unsubscribe(view)
            subscription.end()
            self._link.wake()

    def show(self, visible: bool) -> None:
        """Tell the server whether anybody looks; for hidden viewers it slows down."""
        self._viewer.show(visible)
        self._link.wake()

    def authenticate(self, key: str) -> None:
        """Use another key from now on; an open connection is told at once."""
        self._viewer.authenticate(key)
        self._link.wake()

    async def close(self) -> None:
        """Close the socket; iterations over subscriptions end. May be called twice."""
        if not self._closed:
            self._closed = True
            await self._link.close()

    async def __aenter__(self) -> AsyncViewer:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _tell(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case ViewChanged(id):
                    if id in self._subscriptions:
                        self._subscriptions[id].notify()
                case Noticed(code):
                    self._call(self._on_notice, code)
                case Refused(code):
                    _log.warning("the server answered %s", code)
                case _:
                    pass

    def _entered(self, state: State, detail: str) -> None:
        if state in (State.STOPPED, State.CLOSED):
            for subscription in self._subscriptions.values():
                subscription.notify()
        self._call(self._on_state, state, detail)

    @staticmethod
    def _call(callback: Callable[..., None] | None, *values: object) -> None:
        """Run the user's code; its faults must not stop the viewer."""
        if callback is not None:
            try:
                callback(*values)
            except Exception:
                _log.exception("a callback failed")


class Subscription:
    """One KPI being watched: `async for change in subscription`. A slow reader gets several changes as one."""

    def __init__(self, viewer: AsyncViewer, view: View) -> None:
        """Made by `AsyncViewer.subscribe`."""
        self.view = view
        self._viewer = viewer
        self._news = asyncio.Event()
        self._ended = False

    @property
    def kpi(self) -> str:
        """Name of the KPI."""
        return self.view.kpi

    @property
    def rows(self) -> list[Row]:
        """The rows as they are now, by start and dimensions. O(n log n)."""
        return self.view.rows

    @property
    def meta(self) -> dict[str, Any]:
        """The definition of the KPI; empty before the first snapshot."""
        return self.view.meta

    @property
    def watermark(self) -> int | None:
        """Event time (epoch ms) up to which the KPI is final."""
        return self.view.watermark

    async def changed(self, timeout: float | None = None) -> Change:
        """Wait for the next change: all that happened since the last one was returned, as one.

        Raises:
            SubscriptionError: the server refused the subscription.
            StoppedError: the server closed for good.
            ClosedError: the viewer or the subscription was closed.
            TimeoutError: nothing changed for `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                self._news.clear()
                if self.view.error is not None:
                    raise SubscriptionError(self.view.kpi, self.view.error)
                change = self.view.take()
                if change is not None:
                    return change
                over = self._viewer.over
                if over is not None:
                    raise over
                if self._ended:
                    raise ClosedError("unsubscribed")
                await self._news.wait()

    async def __aiter__(self) -> AsyncIterator[Change]:
        """Changes until the viewer or the subscription is closed; raises otherwise like `changed`."""
        while True:
            try:
                yield await self.changed()
            except ClosedError:
                return

    def close(self) -> None:
        """Stop watching."""
        self._viewer.unsubscribe(self)

    def notify(self) -> None:
        """Look again; called by the viewer."""
        self._news.set()

    def end(self) -> None:
        """No more changes; called by the viewer."""
        self._ended = True
        self._news.set()
