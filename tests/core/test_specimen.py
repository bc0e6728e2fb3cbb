"""One event as people look at it: complete, honest, bounded."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from gateway.core.redaction import Redaction
from gateway.core.specimen import EVENT_BYTES, NAMES, TEXT, Opened, Outcome, open_arrival, specimen
from gateway.wire.transposition import event_texts
from tests.core.simulated_client import NOW
from tests.core.watching import Watched

OK = Outcome("accepted", "")


def made(event: Any, outcome: Outcome = OK, redacted: tuple[str, ...] = (), **how: Any) -> dict[str, Any]:
    """The specimen of the only event of a batch."""
    arrival = Watched().arrival([event], **how)
    body = specimen(arrival, 0, open_arrival(arrival), outcome, 123, ["views"], Redaction(redacted))
    assert len(body) <= 2 * EVENT_BYTES
    result: dict[str, Any] = orjson.loads(body)
    return result


def test_it_says_what_came_and_what_was_made_of_it() -> None:
    """Both clocks, who sent it, where in its batch, and the KPIs."""
    event = {"event": "buy", "uuid": "x1", "timestamp": NOW + 330, "distinct_id": "u1", "properties": {"price": 9.5}}
    assert made(event, offset=330) == {
        "received": NOW, "time": 123, "said": NOW + 330, "skew": 330, "producer": "p", "seq": 1, "nth": 0,
        "via": "http", "verdict": "accepted", "reason": "", "hint": "", "kpis": ["views"], "event": "buy",
        "uuid": "x1", "distinct_id": "u1", "session_id": None, "window_id": None, "inherited": [], "enriched": [],
        "properties": {"price": 9.5}, "cut": False,
    }  # fmt: skip


def test_what_the_connection_said_once_is_there_and_named() -> None:
    """Ids and properties of the defaults, where the event says nothing itself."""
    defaults = {"distinct_id": "u9", "session_id": "s9", "properties": {"$browser": "Firefox", "plan": "free"}}
    body = made({"event": "buy", "session_id": "s1", "properties": {"plan": "pro"}}, defaults=defaults)
    assert (body["distinct_id"], body["session_id"]) == ("u9", "s1")
    assert body["properties"] == {"$browser": "Firefox", "plan": "pro"}
    assert body["inherited"] == ["$browser"]


def test_what_the_gateway_found_out_is_named_apart() -> None:
    """Below what the event and its connection say."""
    defaults = {"properties": {"$browser": "Firefox"}}
    facts = {"$country": "DE", "$browser": "Chrome", "$is_bot": False}
    body = made({"event": "buy", "properties": {"$is_bot": True}}, defaults=defaults, facts=facts)
    assert body["properties"] == {"$browser": "Firefox", "$country": "DE", "$is_bot": True}
    assert (body["inherited"], body["enriched"]) == (["$browser"], ["$country"])


def test_a_rejected_event_shows_its_text_and_a_hint() -> None:
    """As it came, with no time, since none was made of it."""
    body = made(b'{"event":"a", "properties":7}', Outcome("drop", "schema:properties"))
    assert body["raw"] == '{"event":"a", "properties":7}'
    assert (body["time"], body["event"], body["properties"]) == (None, "a", {})
    assert "must be an object" in body["hint"]
    broken = made(b'{"event":"a","properties":{"x":NaN}}', Outcome("drop", "bad_json"))
    assert (broken["event"], broken["raw"]) == (None, '{"event":"a","properties":{"x":NaN}}')


@pytest.mark.parametrize(
    "properties",
    [
        {f"name{i}": "v" * 100 for i in range(500)},
        {"n" * 5_000: 1},
        {f"{i}": "\x01" * 1_000 for i in range(100)},
        {"nested": {str(i): ["x" * 50] for i in range(100)}},
        {f"\x01{i}" * 100: "\x01" * 300 for i in range(60)},
    ],
)
def test_it_is_bounded_whatever_the_event_holds(properties: dict[str, Any]) -> None:
    """Long names, long texts, many of them, texts that grow when they are written: and it says that it was cut."""
    body = made({"event": "a", "properties": properties})
    assert body["cut"] is True
    assert len(body["properties"]) <= NAMES
    assert all(len(name) <= TEXT and len(str(value)) <= TEXT + 1 for name, value in body["properties"].items())
    assert len(orjson.dumps(body)) <= EVENT_BYTES


def test_a_rejected_event_of_the_worst_kind_is_bounded_too() -> None:
    """Ids of control characters, a text as long as a frame takes."""
    ids = dict.fromkeys(("event", "uuid", "distinct_id", "session_id", "window_id"), "\x01" * 5000)
    properties = {"\x02" * 300 + str(i): "\x02" * 300 for i in range(200)}
    made(ids | {"properties": properties}, Outcome("drop", "event_name"))


def test_nested_values_are_shown_as_their_text() -> None:
    """No KPI reads them; a person may."""
    body = made({"event": "a", "properties": {"cart": {"items": [1, 2]}, "deep": [[[]]]}})
    assert body["properties"] == {"cart": '{"items":[1,2]}', "deep": "[[[]]]"}


def test_redacted_values_are_nowhere() -> None:
    """Not in properties at any depth, nor in those of the connection, nor in ids, nor in the text of a rejected one."""
    names = ("email", "distinct_id")
    event = {"event": "a", "distinct_id": "s3cret", "properties": {"email": "s3cret", "cart": {"email": "s3cret"}}}
    defaults = {"properties": {"email": "s3cret"}}
    for outcome in (OK, Outcome("drop", "late")):
        body = made(event, outcome, names, defaults=defaults)
        assert "s3cret" not in orjson.dumps(body).decode()
        assert body["distinct_id"] == "[redacted]"
    assert made({"event": "a"}, OK, names)["distinct_id"] is None
    broken = made(b'{"event":"a","email":"s3cret","x":NaN}', Outcome("drop", "bad_json"), names)
    assert broken["raw"] is None


def test_a_batch_with_a_broken_event_is_opened_around_it() -> None:
    """The others keep their places; texts are told apart as the codec does."""
    events = [{"event": "a"}, b'{"event":"b","x":NaN}', b"7", {"event": "c", "properties": {}}]
    arrival = Watched().arrival(events)
    opened = open_arrival(arrival)
    assert [event and event.get("event") for event in opened.events] == ["a", None, None, "c"]
    assert event_texts(arrival.text, 4)[1:3] == [b'{"event":"b","x":NaN}', b"7"]
    assert Opened([None], {"distinct_id": "u"}, {"p": 1}).whole(0) == ({"distinct_id": "u"}, {"p": 1})


def test_texts_that_cannot_be_told_apart_are_empty() -> None:
    """A key that is escaped hides the array from the scanner; the events are there all the same."""
    arrival = Watched().arrival([{"event": "a"}, {"event": "b"}])
    hidden = replace(arrival, text=arrival.text.replace(b'"events"', b'"ev\\u0065nts"'))
    assert event_texts(hidden.text, 2) == [b"", b""]
    assert [event and event["event"] for event in open_arrival(hidden).events] == ["a", "b"]
