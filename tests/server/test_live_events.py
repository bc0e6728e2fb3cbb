"""Single events on a real socket: from a producer's frame to who watches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.core.tail import Tail
from tests.server.serving import Wire, on_loop, serving, wire
from tests.server.talk import producer, viewer


def event(name: str, **properties: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": "u1", "properties": properties}


async def send(sending: Wire, seq: int, *events: Any) -> None:
    """A batch that is acked."""
    await sending.say({"type": "batch", "seq": seq, "events": events})
    await sending.hear("ack")


async def events_of(looking: Wire, count: int) -> list[dict[str, Any]]:
    """The next so many events that come."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        found += (await looking.hear("events"))["events"]
    return found


def watch(**fields: Any) -> dict[str, Any]:
    return {"type": "subscribe", "id": 5, "topic": "events", "max_hz": 20, **fields}


def test_an_event_is_seen_with_its_verdict_and_its_kpis(tmp_path: Path) -> None:
    """Good, bad and repeated ones, as soon as they are acked; an empty answer says that the watch has begun."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as looking, wire(server) as sending:
            epoch = (await viewer(looking))["epoch"]
            await producer(sending)
            await looking.say(watch())
            first = await looking.hear("events")
            assert (first["id"], first["epoch"], first["prev"], first["events"]) == (5, epoch, None, [])
            twin = event("buy", value=3, country="DE") | {"uuid": "x"}
            await send(sending, 1, twin, twin, {"event": "bad", "properties": 7})
            good, repeated, bad = await events_of(looking, 3)
            assert (good["verdict"], good["kpis"], good["via"]) == ("accepted", ["events", "by_country"], "socket")
            assert good["properties"] == {"value": 3, "country": "DE"}
            assert (repeated["verdict"], repeated["reason"], repeated["kpis"]) == ("duplicate", "uuid", [])
            assert (bad["verdict"], bad["reason"]) == ("drop", "schema:properties")
            assert bad["raw"] == '{"event": "bad", "properties": 7}'
            assert "object" in bad["hint"]

    on_loop(run)


def test_events_of_columns_are_seen_as_single_events(tmp_path: Path) -> None:
    """With what each of them says, the filter by its values, and the text of one that was dropped."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as looking, wire(server) as sending:
            await viewer(looking)
            await producer(sending)
            await looking.say(watch(match={"properties": {"country": "DE"}}))
            await looking.hear("events")
            countries = {"d": ["DE", "FR"], "i": [0, 1, 0]}
            columns = {"type": "columns", "seq": 1, "n": 3, "event": {"d": ["buy", ""], "i": [0, 0, 1]}}
            await sending.say(columns | {"properties": {"country": countries, "value": [1, 2, 3]}})
            await sending.hear("ack")
            good, bad = await events_of(looking, 2)
            assert (good["event"], good["nth"], good["verdict"]) == ("buy", 0, "accepted")
            assert (good["properties"], good["kpis"]) == ({"country": "DE", "value": 1}, ["events", "by_country"])
            assert (bad["nth"], bad["verdict"], bad["reason"]) == (2, "drop", "event_name")
            assert bad["raw"] == '{"event":"","properties":{"country":"DE","value":3}}'

    on_loop(run)


def test_a_viewer_gets_what_it_asked_for(tmp_path: Path) -> None:
    """By name, person, verdict and property; several subscriptions of one viewer do not mix."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as looking, wire(server) as sending:
            await viewer(looking)
            await producer(sending, defaults={"properties": {"plan": "pro"}})
            await looking.say(watch(id=1, match={"event": "buy", "properties": {"plan": "pro"}}))
            await looking.say(watch(id=2, match={"verdict": "drop"}))
            await send(sending, 1, event("view"), event("buy"), event("buy", plan="free"), {"event": ""})
            got: dict[int, list[str]] = {1: [], 2: []}
            while not (got[1] and got[2]):
                message = await looking.hear("events")
                got[message["id"]] += [one["event"] for one in message["events"]]
            assert got == {1: ["buy"], 2: [""]}

    on_loop(run)


def test_who_comes_back_misses_nothing(tmp_path: Path) -> None:
    """With its offset, and the same wish; another epoch is a hole, and said so."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as sending:
            await producer(sending)
            async with wire(server) as looking:
                epoch = (await viewer(looking))["epoch"]
                await looking.say(watch())
                await send(sending, 1, event("a"))
                await events_of(looking, 1)
                await looking.say({"type": "unsubscribe", "id": 5})
                await looking.say(watch(id=6))
                offset = (await looking.hear("events"))["offset"]
            await send(sending, 2, event("b"))
            async with wire(server) as looking:
                await viewer(looking)
                await looking.say(watch(**{"from": {"epoch": epoch, "offset": offset}}))
                message = await looking.hear("events")
                assert (message["prev"], message["recovered"]) == (offset, True)
                names = [one["event"] for one in message["events"]]
                names += [one["event"] for one in await events_of(looking, 1)] if not names else []
                assert names == ["b"]
                await looking.say(watch(id=7, **{"from": {"epoch": "before", "offset": offset}}))
                anew = await looking.hear("events")
                assert (anew["id"], anew["prev"], anew["recovered"]) == (7, None, False)
                assert [one["event"] for one in anew["events"]] == ["a", "b"]

    on_loop(run)


@pytest.mark.parametrize(
    ("settings", "fields", "code"),
    [
        ({}, {"topic": "weather"}, "unknown_topic"),
        ({"live_events": "off"}, {}, "disabled"),
        ({"live_redact": "email,phone"}, {"match": {"properties": {"phone": "1"}}}, "redacted"),
    ],
)
def test_a_wish_that_cannot_be_met_is_an_error(
    tmp_path: Path, settings: dict[str, Any], fields: dict[str, Any], code: str
) -> None:
    """With its slug and the id of the subscription; the connection stays."""

    async def run() -> None:
        async with serving(tmp_path, **settings) as server, wire(server) as looking:
            await viewer(looking)
            await looking.say(watch(**fields))
            assert await looking.hear() == {"type": "error", "code": code, "id": 5}
            await looking.say({"type": "subscribe", "id": 6, "kpi": "events"})
            assert (await looking.hear())["type"] == "snapshot"

    on_loop(run)


def test_redacted_values_do_not_leave_the_server(tmp_path: Path) -> None:
    """Good and rejected events alike."""

    async def run() -> None:
        async with (
            serving(tmp_path, tick_ms=20, live_redact="email") as server,
            wire(server) as looking,
            wire(server) as sending,
        ):
            await viewer(looking)
            await producer(sending)
            await looking.say(watch())
            await send(sending, 1, event("a", email="s3cret"), event("", email="s3cret"))
            found = await events_of(looking, 2)
            assert "s3cret" not in str(found)
            assert found[0]["properties"] == {"email": "[redacted]"}

    on_loop(run)


def test_a_reload_of_the_kpis_leaves_the_watch(tmp_path: Path) -> None:
    """Events go on, held against the new set."""

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as looking, wire(server) as sending:
            await viewer(looking)
            await producer(sending)
            await looking.say(watch())
            await send(sending, 1, event("a"))
            (one,) = await events_of(looking, 1)
            assert one["kpis"] == ["events"]
            text = (tmp_path / "kpis.toml").read_text().replace('name = "events"', 'name = "renamed"')
            (tmp_path / "kpis.toml").write_text(text)
            server.reload()
            seq, names = 2, ["events"]
            while names != ["renamed"]:
                await send(sending, seq, event("a"))
                seq, names = seq + 1, (await events_of(looking, 1))[-1]["kpis"]

    on_loop(run)


def test_an_event_that_breaks_the_tail_breaks_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it makes of a group: batches are acked and counted."""

    def fail(*_: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Tail, "take", fail)

    async def run() -> None:
        async with serving(tmp_path, tick_ms=20) as server, wire(server) as looking, wire(server) as sending:
            await viewer(looking)
            await producer(sending)
            await looking.say(watch())
            for seq in range(1, 6):
                await send(sending, seq, event("a"))
            assert server.house.fold.ledger.accepted == 5

    on_loop(run)
