"""Snapshots: of the moment they are begun at, one at a time, made and stored beside the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

from analytics import Changes, KpiSpec, Row
from gateway.core.chronicle import Chronicle
from gateway.core.fold import Freezing
from gateway.errors import StorageError
from gateway.server.metrics import Metrics
from gateway.server.saving import Saving
from gateway.store import Committed, Failed, Keep
from tests.server.serving import on_loop, until


class SlowFold:
    """State whose encoding takes as long as the test says; it notes the thread that did it."""

    def __init__(self) -> None:
        self.state = b"first"
        self.chronicle = Chronicle([])
        self.go = threading.Event()
        self.encoded_in: list[threading.Thread] = []
        self.error: Exception | None = None

    def freezing(self) -> Freezing:
        state = self.state
        yield

        def encode() -> dict[str, bytes]:
            self.go.wait(20)
            self.encoded_in.append(threading.current_thread())
            if self.error is not None:
                raise self.error
            return {"engine": state, "state": b"{}"}

        return encode


class Log:
    """Takes snapshots; answers when asked."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, Mapping[str, bytes], int]] = []
        self.done: list[Callable[[Any], None]] = []
        self.rows = 0

    def keep(self, rows: Keep) -> None:
        self.rows += rows.number

    def last_position(self) -> int:
        return 5

    def snapshot(self, position: int, blobs: Mapping[str, bytes], now: int, done: Callable[[Any], None]) -> None:
        self.kept.append((position, blobs, now))
        self.done.append(done)


class Scene:
    def __init__(self) -> None:
        self.fold, self.log, self.metrics = SlowFold(), Log(), Metrics()
        self.overs = 0
        self.saving = Saving(
            asyncio.get_running_loop(),
            self.log,  # type: ignore[arg-type]  # stands in for the event log
            self.metrics,
            1_000,
            0,
            self.over,
        )

    def over(self) -> None:
        self.overs += 1

    def begin(self, position: int, now: int) -> None:
        for _ in self.saving.begin(self.fold, position, now):  # type: ignore[arg-type]  # stands in for the fold
            pass

    @property
    def failures(self) -> bool:
        return b"tidegate_snapshot_failures_total 1.0" in self.metrics.exposition()


def test_what_is_stored_is_the_state_of_the_beginning() -> None:
    """Encoded in another thread, while the state moves on; its position and time are those of the copy."""

    async def run() -> None:
        scene = Scene()
        scene.begin(6, 1_000)
        scene.fold.state = b"second"
        assert scene.saving.busy
        assert scene.log.kept == []
        scene.fold.go.set()
        await until(lambda: scene.log.kept)
        assert scene.log.kept == [(6, {"engine": b"first", "state": b"{}"}, 1_000)]
        assert scene.fold.encoded_in != [threading.current_thread()]
        scene.log.done[0](Committed(6, 0.001, 1))
        await until(lambda: not scene.saving.busy)
        assert (scene.overs, scene.failures) == (1, False)

    on_loop(run)


def test_one_at_a_time_and_not_too_often() -> None:
    """Due after the period, and not while one is under way."""

    async def run() -> None:
        scene = Scene()
        scene.fold.go.set()
        assert not scene.saving.due(999)
        assert scene.saving.due(1_000)
        scene.begin(6, 1_000)
        assert not scene.saving.due(9_000)
        await until(lambda: scene.log.done)
        scene.log.done[0](Committed(6, 0.001, 1))
        await until(lambda: not scene.saving.busy)
        assert not scene.saving.due(1_999)
        assert scene.saving.due(2_000)

    on_loop(run)


def test_a_log_that_has_not_grown_is_left_alone() -> None:
    """What is stored already is not stored again; after a failure it is."""

    async def run() -> None:
        scene = Scene()
        scene.fold.go.set()
        scene.begin(5, 1_000)
        assert not scene.saving.busy
        for number, result in enumerate((Failed(StorageError("full")), Committed(6, 0.001, 1))):
            scene.begin(6, 2_000 + number)
            await until(lambda: scene.log.done)
            scene.log.done.pop()(result)
            await until(lambda: not scene.saving.busy)
        scene.begin(6, 4_000)
        assert not scene.saving.busy
        assert (len(scene.log.kept), scene.overs, scene.failures) == (2, 2, True)

    on_loop(run)


def test_an_encoding_that_fails_is_counted_and_shown() -> None:
    """The defect reaches the loop's handler, and the next snapshot is not held up by it."""

    async def run() -> None:
        scene = Scene()
        seen: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context["exception"]))
        scene.fold.error = ValueError("a defect")
        scene.fold.go.set()
        scene.begin(6, 1_000)
        await until(lambda: not scene.saving.busy)
        await until(lambda: seen)
        assert (seen, scene.failures, scene.overs, scene.log.kept) == ([scene.fold.error], True, 1, [])

    on_loop(run)


def test_rows_that_are_over_are_handed_over_first() -> None:
    """What the snapshot will not say again is with the store before its state is copied."""

    async def test() -> None:
        scene = Scene()
        chronicle = scene.fold.chronicle = Chronicle([KpiSpec(name="k", value="count(*)", window="tumbling 1s")])
        chronicle.take(Changes([Row("k", {}, 0, 1_000, 1, "final", 0)]))
        seen: list[int] = []
        real = scene.fold.freezing

        def freezing() -> Freezing:
            seen.append(scene.log.rows)
            return real()

        scene.fold.freezing = freezing  # type: ignore[method-assign]
        scene.fold.go.set()
        scene.begin(9, 1_000)
        assert seen == [1]
        await until(lambda: scene.log.done)
        scene.log.done[0](Committed(9, 0.1, 1))
        await until(lambda: not scene.saving.busy)

    on_loop(test)
