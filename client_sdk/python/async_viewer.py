"""The viewer as an asyncio client: subscribe to KPIs, or to single events, and iterate over what comes."""

from __future__ import annotations

import logging
import random
import ssl as tls
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from client_sdk.python.actions import Action, Noticed, Refused, ViewChanged
from client_sdk.python.address import Address
from client_sdk.python.async_client import VERSION
from client_sdk.python.clock import Clock
from client_sdk.python.errors import ClosedError, StoppedError
from client_sdk.python.ids import uuid7
from client_sdk.python.link import Link, State
from client_sdk.python.messages import Match, Sdk
from client_sdk.python.tail import Tail
from client_sdk.python.transport import Opener
from client_sdk.python.view import View
from client_sdk.python.viewer import Viewer
from client_sdk.python.watch import Subscription, TailSubscription

__all__ = ["AsyncViewer"]

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
            on_notice: called with a code when the server says so: `conflated`, `drain`, `evicted:slow`; `disk_full`,
                also behind each welcome while it lasts, and `disk_has_room`; and what a newer server may have.
            proxy: URL of a proxy.
            ssl: TLS settings for https and wss.

        Raises:
            ValueError: the URL cannot be used.
        """
        clock = Clock()
        self._viewer = Viewer(key, uuid7(clock.now(), random.getrandbits(74)), Sdk("python", VERSION))
        self._on_state = on_state
        self._on_notice = on_notice
        self._subscriptions: dict[int, Subscription | TailSubscription] = {}
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
        """Begin to connect, unless it has begun. Returns at once; the state tells how it goes.

        Raises:
            ClosedError: the viewer is closed.
        """
        if self._closed:
            raise ClosedError("the viewer is closed")
        if not self._link.started:
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
        subscription = Subscription(self, view, lambda: self._leave(view))
        self._subscriptions[view.id] = subscription
        self._link.wake()
        return subscription

    def tail(
        self,
        *,
        event: str | None = None,
        distinct_id: str | None = None,
        verdict: str | None = None,
        reason: str | None = None,
        properties: Mapping[str, Any] | None = None,
        max_rate: float | None = None,
    ) -> TailSubscription:
        """Watch single events, those that have all of what is given, at most `max_rate` (50) a second.

        Raises:
            ClosedError: the viewer is closed.
        """
        if self._closed:
            raise ClosedError("the viewer is closed")
        match = Match(event, distinct_id, verdict, reason, dict(properties) if properties else None)
        tail = self._viewer.tail(match, max_rate=max_rate)
        subscription = TailSubscription(self, tail, lambda: self._leave(tail))
        self._subscriptions[tail.id] = subscription
        self._link.wake()
        return subscription

    def unsubscribe(self, subscription: Subscription | TailSubscription) -> None:
        """Stop watching; an iteration over it ends. Twice is once."""
        subscription.close()

    def _leave(self, view: View | Tail) -> None:
        subscription = self._subscriptions.pop(view.id, None)
        if subscription is not None:
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
