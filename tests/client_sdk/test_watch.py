"""Waiting for what a subscription brings, with any state behind it."""

from __future__ import annotations

import asyncio

import pytest

from client_sdk.python.errors import ClosedError, StoppedError, SubscriptionError
from client_sdk.python.watch import Watch
from tests.client_sdk.test_async_client import run


class Numbers:
    """News are numbers."""

    name = "numbers"

    def __init__(self) -> None:
        self.error: str | None = None
        self.waiting: list[int] = []

    def take(self) -> int | None:
        return self.waiting.pop(0) if self.waiting else None


class Viewer:
    def __init__(self) -> None:
        self.over: Exception | None = None


def scene() -> tuple[Numbers, Viewer, Watch[int], list[str]]:
    numbers, viewer, left = Numbers(), Viewer(), list[str]()
    return numbers, viewer, Watch(viewer, numbers, lambda: left.append("left")), left


def test_it_waits_for_news() -> None:
    """What is there comes at once, what is not with the next notice; a time-out leaves everything as it is."""

    async def scenario() -> None:
        numbers, _, watch, _ = scene()
        numbers.waiting = [1]
        assert await watch.changed() == 1
        with pytest.raises(TimeoutError):
            await watch.changed(timeout=0.01)
        coming = asyncio.create_task(watch.changed())
        await asyncio.sleep(0)
        numbers.waiting = [2]
        watch.notify()
        assert await coming == 2

    run(scenario())


def test_an_iteration_ends_with_the_subscription() -> None:
    """News that are there still come."""

    async def scenario() -> None:
        numbers, _, watch, left = scene()
        numbers.waiting = [1, 2]
        watch.close()
        assert left == ["left"]
        watch.end()
        assert [number async for number in watch] == [1, 2]
        with pytest.raises(ClosedError):
            await watch.changed()

    run(scenario())


def test_a_refusal_and_a_stop_are_raised() -> None:
    """With the name and the slug; with the code."""

    async def scenario() -> None:
        numbers, viewer, watch, _ = scene()
        viewer.over = StoppedError(4001, "unauthorized")
        with pytest.raises(StoppedError):
            await watch.changed()
        numbers.error = "unknown"
        with pytest.raises(SubscriptionError, match="numbers: unknown"):
            await watch.changed()

    run(scenario())
