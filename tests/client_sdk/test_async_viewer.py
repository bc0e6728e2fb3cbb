"""The asyncio viewer over real sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from client_sdk.python import AsyncViewer, Change, ClosedError, Row, State, StoppedError, SubscriptionError
from tests.client_sdk.server import Server
from tests.client_sdk.test_async_client import run


def row(start: int, value: int) -> dict[str, Any]:
    return {"dims": {}, "start": start, "end": start + 60, "value": value, "kind": "partial", "rev": 0}


def test_rows_arrive_and_change() -> None:
    """A subscription begins with the snapshot and follows the deltas."""

    async def scenario() -> None:
        async with Server() as server:
            server.kpis["sales"] = (3, [row(0, 1)])
            async with AsyncViewer(server.url, "vk") as viewer:
                sales = viewer.subscribe("sales", last=60)
                first = await sales.changed()
                assert (first.fresh, [found.value for found in first.rows]) == (True, [1])
                await server.publish("sales", [row(60, 5)])
                change = await sales.changed()
                assert (change.fresh, [found.value for found in change.rows]) == (False, [5])
                assert sales.rows == [Row({}, 0, 60, 1, "partial", 0), Row({}, 60, 120, 5, "partial", 0)]
                assert (sales.kpi, sales.watermark, sales.meta["name"]) == ("sales", 7, "sales")

    run(scenario())


def test_a_hole_is_repaired() -> None:
    """A delta that does not fit makes the viewer ask for a snapshot, and the rows are right again."""

    async def scenario() -> None:
        async with Server() as server:
            server.kpis["sales"] = (3, [row(0, 1)])
            async with AsyncViewer(server.url, "vk") as viewer:
                sales = viewer.subscribe("sales")
                await sales.changed()
                await server.publish("sales", [row(60, 5)], prev=99)
                change = await sales.changed()
                assert change.fresh
                assert [found.value for found in sales.rows] == [1, 5]
                assert len(server.of_type("resync")) == 1

    run(scenario())


def test_a_broken_connection_resumes() -> None:
    """The subscription goes on after a reconnect, from where it was."""

    async def scenario() -> None:
        async with Server() as server:
            server.kpis["sales"] = (3, [row(0, 1)])
            async with AsyncViewer(server.url, "vk") as viewer:
                sales = viewer.subscribe("sales")
                await sales.changed()
                server.drop()
                await server.until(lambda: len(server.of_type("subscribe")) == 2)
                assert server.of_type("subscribe")[1]["from"] == {"epoch": "e", "offset": 3}
                await sales.changed()
                await server.publish("sales", [row(60, 5)])
                await sales.changed()
                assert [found.value for found in sales.rows] == [1, 5]

    run(scenario())


def test_iteration_ends_with_the_subscription() -> None:
    """`async for` gets the changes, several at once when it is slow, and stops when it is closed."""

    async def scenario() -> None:
        async with Server() as server:
            server.kpis["sales"] = (3, [])
            async with AsyncViewer(server.url, "vk") as viewer:
                sales = viewer.subscribe("sales")
                changes: list[Change] = []
                async for change in sales:
                    changes.append(change)
                    if len(changes) == 1:
                        for value in range(5):
                            await server.publish("sales", [row(60, value)])
                        watching = viewer.subscribe("sales")
                        await watching.changed()  # in order on one socket: the five deltas are here
                    else:
                        sales.close()
                assert [found.value for found in changes[1].rows] == [4]
                await server.until(lambda: server.of_type("unsubscribe") == [{"type": "unsubscribe", "id": 1}])

    run(scenario())


def test_an_unknown_kpi_is_an_error_of_its_subscription() -> None:
    """Others go on."""

    async def scenario() -> None:
        async with Server() as server:
            server.kpis["sales"] = (3, [row(0, 1)])
            async with AsyncViewer(server.url, "vk") as viewer:
                nothing, sales = viewer.subscribe("nothing"), viewer.subscribe("sales")
                with pytest.raises(SubscriptionError, match="nothing: unknown_kpi"):
                    await nothing.changed()
                assert (await sales.changed()).fresh

    run(scenario())


def test_the_end_wakes_who_waits() -> None:
    """A close for good raises, closing the viewer ends iterations; later calls say so."""

    async def scenario() -> None:
        async with Server() as server:
            server.refuse = 4003
            refused = AsyncViewer(server.url, "wk")
            waiting = asyncio.create_task(refused.subscribe("sales").changed())
            await refused.start()
            with pytest.raises(StoppedError, match="4003"):
                await waiting
            assert refused.state is State.STOPPED
            await refused.close()
            server.refuse = None
            viewer = AsyncViewer(server.url, "vk")
            await viewer.start()
            waiting = asyncio.create_task(viewer.subscribe("sales").changed())
            await server.until(lambda: server.of_type("subscribe"))
            await viewer.close()
            await viewer.close()
            with pytest.raises((ClosedError, SubscriptionError)):
                await waiting
            with pytest.raises(ClosedError):
                viewer.subscribe("sales")
            with pytest.raises(ClosedError):
                await viewer.start()

    run(scenario())


def test_the_viewer_says_what_it_is_told_to_say() -> None:
    """Visibility and a new key reach the server; a notice reaches the callback."""

    async def scenario() -> None:
        async with Server() as server:
            notices: asyncio.Queue[str] = asyncio.Queue()
            opened = asyncio.Event()
            viewer = AsyncViewer(
                server.url,
                "vk",
                on_notice=notices.put_nowait,
                on_state=lambda state, _: opened.set() if state is State.OPEN else None,
            )
            await viewer.start()
            await opened.wait()
            viewer.show(False)
            viewer.authenticate("vk2")
            await server.until(lambda: server.of_type("auth") and server.of_type("visibility"))
            await server.say({"type": "notice", "code": "conflated"})
            assert await notices.get() == "conflated"
            with pytest.raises(TimeoutError):
                await viewer.subscribe("sales").changed(timeout=0)
            await viewer.close()

    run(scenario())


def test_single_events_arrive() -> None:
    """A tail asks by its filter, goes on after what it has, asks anew after a loss, and is refused by a slug."""

    async def scenario() -> None:
        async with Server() as server, AsyncViewer(server.url, "vk") as viewer:
            tail = viewer.tail(event="buy", properties={"country": "DE"}, max_rate=5)
            await server.until(lambda: server.of_type("subscribe"))
            (wish,) = server.of_type("subscribe")
            assert wish["match"] == {"event": "buy", "properties": {"country": "DE"}}
            assert (wish["topic"], wish["max_rate"]) == ("events", 5)
            body = {"type": "events", "id": wish["id"], "epoch": "e", "seen": 4, "looked": 4, "matched": 1}
            await server.say(body | {"prev": None, "offset": 3, "recovered": False, "events": []})
            await server.say(body | {"prev": 3, "offset": 4, "recovered": True, "events": [{"event": "buy"}]})
            found: list[object] = []
            while not found:
                found += (await tail.changed()).events
            assert found == [{"event": "buy"}]
            await server.say(body | {"prev": 8, "offset": 9, "recovered": True, "events": []})
            await server.until(lambda: server.of_type("resync"))
            await server.say({"type": "error", "code": "disabled", "id": wish["id"]})
            with pytest.raises(SubscriptionError, match="events: disabled"):
                await tail.changed()
            viewer.unsubscribe(tail)
            await server.until(lambda: server.of_type("unsubscribe"))

    run(scenario())


def test_no_tail_of_a_closed_viewer() -> None:
    """As with a subscription."""

    async def scenario() -> None:
        async with Server() as server:
            viewer = AsyncViewer(server.url, "vk")
            await viewer.close()
            with pytest.raises(ClosedError):
                viewer.tail()

    run(scenario())
