"""Waiting for what a subscription brings: `async for change in subscription`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, Protocol, TypeVar

from client_sdk.python.errors import ClosedError, SubscriptionError
from client_sdk.python.messages import Row
from client_sdk.python.tail import Sighting, Tail
from client_sdk.python.view import Change, View

__all__ = ["Subscription", "TailSubscription", "Watch", "Watcher"]

News = TypeVar("News", covariant=True)


class Watched(Protocol[News]):
    """The pure state behind a subscription."""

    error: str | None

    @property
    def name(self) -> str:
        """What errors call it."""

    def take(self) -> News | None:
        """What is new since the last call."""


class Watcher(Protocol):
    """The viewer that a subscription belongs to."""

    @property
    def over(self) -> Exception | None:
        """Why no more changes will come; None while they may."""


class Watch(Generic[News]):
    """Something being watched. A slow reader gets several changes as one."""

    def __init__(self, viewer: Watcher, watched: Watched[News], leave: Callable[[], None]) -> None:
        """Made by the viewer; `leave` unsubscribes."""
        self._viewer = viewer
        self._watched = watched
        self._leave = leave
        self._news = asyncio.Event()
        self._ended = False

    async def changed(self, timeout: float | None = None) -> News:
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
                if self._watched.error is not None:
                    raise SubscriptionError(self._watched.name, self._watched.error)
                change = self._watched.take()
                if change is not None:
                    return change
                over = self._viewer.over
                if over is not None:
                    raise over
                if self._ended:
                    raise ClosedError("unsubscribed")
                await self._news.wait()

    async def __aiter__(self) -> AsyncIterator[News]:
        """Changes until the viewer or the subscription is closed; raises otherwise like `changed`."""
        while True:
            try:
                yield await self.changed()
            except ClosedError:
                return

    def close(self) -> None:
        """Stop watching."""
        self._leave()

    def notify(self) -> None:
        """Look again; called by the viewer."""
        self._news.set()

    def end(self) -> None:
        """No more changes; called by the viewer."""
        self._ended = True
        self._news.set()


class Subscription(Watch[Change]):
    """One KPI being watched."""

    def __init__(self, viewer: Watcher, view: View, leave: Callable[[], None]) -> None:
        """Made by `AsyncViewer.subscribe`."""
        super().__init__(viewer, view, leave)
        self.view = view

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


class TailSubscription(Watch[Sighting]):
    """Single events being watched."""

    def __init__(self, viewer: Watcher, tail: Tail, leave: Callable[[], None]) -> None:
        """Made by `AsyncViewer.tail`."""
        super().__init__(viewer, tail, leave)
