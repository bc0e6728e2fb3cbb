"""Rejected events over HTTP: how many of each reason, what to do, and the newest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from multidict import MultiDict

from gateway.core.letter import Letter, from_line
from gateway.main import Server
from gateway.server import rejected
from gateway.server.rejected import MOST, TEXT, ExportQuery, QuarantineQuery, read_export_query, read_quarantine_query
from gateway.store import EventLog, Quarantined
from tests.server.serving import on_loop, serving, until, wire
from tests.server.talk import producer


async def ask(server: Server, query: str = "", key: str = "v_test") -> tuple[int, dict[str, Any]]:
    """Status and answer."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/v1/quarantine{query}", headers=headers) as response,
    ):
        return response.status, await response.json()


async def export(server: Server, query: str = "") -> tuple[int, list[Letter], str | None]:
    """Status, what can be read of it, and where the next page begins."""
    headers = {"Authorization": "Bearer v_test"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/v1/quarantine/export{query}", headers=headers) as response,
    ):
        lines = (await response.read()).splitlines() if response.status == 200 else []
        return response.status, [from_line(line) for line in lines], response.headers.get("Tidegate-Next")


def with_rejected(tmp_path: Path, test: Any, **settings: Any) -> None:
    """Run a coroutine function with a server that has rejected three events."""

    async def run() -> None:
        async with serving(tmp_path, **settings) as server, wire(server) as sending:
            await producer(sending)
            events = [
                {"event": "", "properties": {"email": "s3cret"}},
                {"event": "big", "properties": "x" * 20_000},
                {"event": "", "properties": {"n": 2}},
                {"event": "twin", "uuid": "u"},
                {"event": "twin", "uuid": "u"},
            ]
            await sending.say({"type": "batch", "seq": 1, "events": events})
            await sending.hear("ack")
            await until(lambda: sum(server.log.quarantine_counts().values()) == 3)
            await test(server)

    on_loop(run)


def test_samples_are_among_what_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that reach the disk while it is read."""
    read = EventLog.quarantined

    def reading(log: EventLog, *asked: Any) -> list[Quarantined]:
        log._quarantine.counts["late"] = 1
        return read(log, *asked)

    async def test(server: Server) -> None:
        monkeypatch.setattr(EventLog, "quarantined", reading)
        _, said = await ask(server)
        assert said["counts"] == {"event_name": 2, "schema:properties": 1, "late": 1}

    with_rejected(tmp_path, test)


def test_counts_hints_and_the_newest_samples(tmp_path: Path) -> None:
    """All reasons are counted and explained; samples have their text, cut when it is long."""

    async def test(server: Server) -> None:
        status, said = await ask(server)
        assert status == 200
        assert said["counts"] == {"event_name": 2, "schema:properties": 1}
        assert set(said["hints"]) == {*said["counts"], "uuid"}
        newest, long, oldest = said["samples"]
        assert json.loads(newest["text"]) == {"event": "", "properties": {"n": 2}}
        assert (newest["reason"], newest["producer"], newest["cut"]) == ("event_name", "p", False)
        assert newest["hint"] == said["hints"]["event_name"]
        assert (len(long["text"]), long["cut"]) == (TEXT, True)
        assert long["size"] > 20_000
        assert newest["id"] > long["id"] > oldest["id"]

    with_rejected(tmp_path, test)


def test_one_reason_and_a_limit(tmp_path: Path) -> None:
    """Only samples of it, only so many; counts stay those of all."""

    async def test(server: Server) -> None:
        _, said = await ask(server, "?reason=schema:properties")
        assert [sample["reason"] for sample in said["samples"]] == ["schema:properties"]
        _, said = await ask(server, "?limit=1")
        assert len(said["samples"]) == 1
        assert sum(said["counts"].values()) == 3
        assert (await ask(server, "?reason=never"))[1]["samples"] == []
        assert (await ask(server, "?limit=0"))[1]["samples"] == []

    with_rejected(tmp_path, test)


def test_an_export_is_whole_and_comes_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Oldest first, as the command gives them: what was cut is a text, the others can be sent again."""

    async def test(server: Server) -> None:
        status, letters, following = await export(server)
        assert (status, following) == (200, None)
        assert [letter.sendable for letter in letters] == [True, False, True]
        assert letters[0].event == {"event": "", "properties": {"email": "s3cret"}}
        assert (letters[1].cut, len(letters[1].text)) == (True, 16_384)
        monkeypatch.setattr(rejected, "EXPORTED", 2)
        _, first, following = await export(server)
        _, second, end = await export(server, f"?after={following}")
        assert (first + second, end) == (letters, None)
        _, some, _ = await export(server, "?reason=event_name&after=1")
        assert some == [letters[2]]

    with_rejected(tmp_path, test)


def test_an_export_withholds_what_may_not_be_seen(tmp_path: Path) -> None:
    """Redacted values are not in it, and what had some is not sent again."""

    async def test(server: Server) -> None:
        _, letters, _ = await export(server)
        assert "s3cret" not in repr(letters)
        assert [letter.sendable for letter in letters] == [False, False, True]
        assert (letters[0].text, letters[1].text) == ('{"event":"","properties":{"email":"[redacted]"}}', "")

    with_rejected(tmp_path, test, live_redact="email")


def test_without_live_events_nothing_is_exported(tmp_path: Path) -> None:
    """The command still does."""

    async def test(server: Server) -> None:
        assert (await export(server))[0] == 403

    with_rejected(tmp_path, test, live_events="off")


def test_it_takes_a_view_key(tmp_path: Path) -> None:
    """A write key does not look."""

    async def test(server: Server) -> None:
        assert (await ask(server, key="w_test"))[0] == 401

    with_rejected(tmp_path, test)


def test_redacted_values_are_not_in_it(tmp_path: Path) -> None:
    """What is not to be seen in the tail is not to be seen here."""

    async def test(server: Server) -> None:
        _, said = await ask(server)
        assert "s3cret" not in json.dumps(said)
        assert "[redacted]" in json.dumps(said)

    with_rejected(tmp_path, test, live_redact="email")


def test_without_live_events_there_are_no_texts(tmp_path: Path) -> None:
    """Counts and reasons stay."""

    async def test(server: Server) -> None:
        _, said = await ask(server)
        assert (said["texts"], {sample["text"] for sample in said["samples"]}) == (False, {None})
        assert sum(said["counts"].values()) == 3

    with_rejected(tmp_path, test, live_events="off")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, QuarantineQuery(None, 20)),
        ({"limit": "5", "reason": "late"}, QuarantineQuery("late", 5)),
        ({"reason": ""}, QuarantineQuery(None, 20)),
        ({"limit": str(MOST)}, QuarantineQuery(None, MOST)),
        ({"limit": str(MOST + 1)}, "bad_limit"),
        ({"limit": "-1"}, "bad_limit"),
        ({"limit": ""}, "bad_limit"),
        ({"limit": "\u0665"}, "bad_limit"),
        ({"limit": "9" * 99}, "bad_limit"),
        ({"reason": "x" * 201}, "bad_reason"),
    ],
)
def test_parameters_are_checked(query: dict[str, str], found: Any) -> None:
    """Bad ones are named."""
    result = read_quarantine_query(MultiDict(query))
    if isinstance(found, str):
        assert not isinstance(result, QuarantineQuery)
        assert (result.status, json.loads(result.body)["error"]) == (400, found)
    else:
        assert result == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ExportQuery(None, 0)),
        ({"after": "7", "reason": "late"}, ExportQuery("late", 7)),
        ({"after": "-1"}, "bad_after"),
        ({"after": ""}, "bad_after"),
        ({"after": "\u0665"}, "bad_after"),
        ({"after": "9" * 19}, "bad_after"),
        ({"reason": "x" * 201}, "bad_reason"),
    ],
)
def test_parameters_of_an_export_are_checked(query: dict[str, str], found: Any) -> None:
    """Bad ones are named."""
    result = read_export_query(MultiDict(query))
    if isinstance(found, str):
        assert not isinstance(result, ExportQuery)
        assert (result.status, json.loads(result.body)["error"]) == (400, found)
    else:
        assert result == found
