"""The viewer's state machine: subscriptions outlive connections and go on from their offset."""

from __future__ import annotations

import json
from typing import Any

from client_sdk.python.actions import Action, Close, Noticed, Opened, Refused, Send, ViewChanged
from client_sdk.python.closecodes import Retry
from client_sdk.python.messages import Match, Sdk
from client_sdk.python.pulse import WELCOME_MS
from client_sdk.python.viewer import Viewer
from tests.client_sdk.model import LIMITS

WELCOME: dict[str, Any] = {
    "type": "welcome",
    "session": "s",
    "node": "n",
    "server_epoch": "e",
    "now": 0,
    "heartbeat_ms": 25_000,
    "limits": LIMITS,
    "epoch": "e",
}


def viewer() -> Viewer:
    return Viewer("vk", "v-1", Sdk("python", "0"))


def said(actions: list[Action]) -> list[Any]:
    """The messages among actions."""
    return [json.loads(action.frame) for action in actions if isinstance(action, Send)]


def hear(session: Viewer, *messages: dict[str, Any]) -> list[Action]:
    return session.receive(json.dumps(list(messages)).encode(), 0)


def opened() -> Viewer:
    session = viewer()
    session.hello(0)
    hear(session, WELCOME)
    return session


def snapshot(number: int, offset: int) -> dict[str, Any]:
    return {
        "type": "snapshot",
        "id": number,
        "epoch": "e",
        "offset": offset,
        "meta": {},
        "watermark": None,
        "rows": [],
    }


def test_hello_names_the_viewer() -> None:
    """The id lets the server say at the next welcome why it cut the last connection."""
    (hello,) = said(viewer().hello(0))
    assert hello == {
        "type": "hello",
        "v": 1,
        "role": "viewer",
        "token": "vk",
        "viewer": {"id": "v-1"},
        "sdk": {"name": "python", "version": "0"},
    }


def test_subscriptions_wait_for_the_welcome() -> None:
    """What was subscribed before is said after the welcome, once."""
    session = viewer()
    session.subscribe("sales", last=60, max_hz=2, where={"country": "DE"})
    session.hello(0)
    assert said(session.poll(0)) == []
    assert hear(session, WELCOME) == [Opened()]
    assert said(session.poll(0)) == [
        {"type": "subscribe", "id": 1, "kpi": "sales", "last": 60, "max_hz": 2, "where": {"country": "DE"}}
    ]
    assert said(session.poll(0)) == []


def test_a_reconnect_resumes() -> None:
    """After a new welcome every subscription asks to go on from its offset, and hidden stays hidden."""
    session = opened()
    session.subscribe("sales")
    gone = session.subscribe("other")
    session.show(False)
    session.poll(0)
    hear(session, snapshot(1, 12))
    session.unsubscribe(gone)
    session.lost(1006)
    session.hello(0)
    hear(session, WELCOME)
    subscribe, visibility = said(session.poll(0))
    assert (subscribe["id"], subscribe["from"]) == (1, {"epoch": "e", "offset": 12})
    assert visibility == {"type": "visibility", "visible": False}


def test_changes_are_told_by_number() -> None:
    """Snapshots and deltas change the view they name; unknown numbers are passed over."""
    session = opened()
    view = session.subscribe("sales")
    assert hear(session, snapshot(1, 3), snapshot(99, 3)) == [ViewChanged(1)]
    delta = {"type": "delta", "id": 1, "prev": 3, "offset": 4, "watermark": 5, "set": [], "del": []}
    assert hear(session, delta, {**delta, "id": 99}) == [ViewChanged(1)]
    assert view.watermark == 5
    assert said(hear(session, delta)) == [{"type": "resync", "id": 1}]
    assert hear(session, delta) == []


def test_an_error_belongs_to_its_subscription() -> None:
    """With an id it is the view's, without one it is told."""
    session = opened()
    view = session.subscribe("nothing")
    assert hear(session, {"type": "error", "code": "unknown_kpi", "id": 1}) == [ViewChanged(1)]
    assert view.error == "unknown_kpi"
    assert hear(session, {"type": "error", "code": "bad_message"}) == [Refused("bad_message")]


def test_how_the_server_serves_is_told() -> None:
    """Conflation, drain and an earlier eviction are notices."""
    session = viewer()
    session.hello(0)
    assert hear(session, {**WELCOME, "evicted": "slow"}) == [Opened(), Noticed("evicted:slow")]
    assert hear(session, {"type": "notice", "code": "conflated"}) == [Noticed("conflated")]
    assert hear(session, {"type": "drain", "in_ms": 3_000}) == [Noticed("drain")]


def test_words_to_the_server_go_out_with_the_next_poll() -> None:
    """Unsubscribe, visibility and a renewed key; a second unsubscribe and an unchanged visibility say nothing."""
    session = opened()
    view = session.subscribe("sales")
    session.poll(0)
    session.unsubscribe(view)
    session.unsubscribe(view)
    session.show(True)
    session.show(False)
    session.authenticate("vk2")
    assert said(session.poll(0)) == [
        {"type": "unsubscribe", "id": 1},
        {"type": "visibility", "visible": False},
        {"type": "auth", "token": "vk2"},
    ]


def test_pings_are_answered_and_silence_is_not_borne() -> None:
    """Any frame is life; none in two heartbeats ends the connection."""
    session = viewer()
    session.hello(0)
    assert session.wake_at == WELCOME_MS
    hear(session, WELCOME)
    assert said(session.receive(b'{"type":"ping","now":5}', 7)) == [{"type": "pong", "now": 5, "sent": 7}]
    assert session.wake_at == 50_007
    assert session.poll(50_006) == []
    assert session.poll(50_007) == [Close("the server is silent", Retry.BACKOFF)]
    assert session.wake_at is None


def test_what_is_no_message_ends_the_connection() -> None:
    """Frames after that are not looked at."""
    session = opened()
    assert session.receive(b"{", 0) == [Close("not a message of version 1", Retry.BACKOFF)]
    assert hear(session, snapshot(1, 3)) == []


def test_events_go_to_their_tail_and_rows_to_their_view() -> None:
    """What is not of a subscription's kind is passed over; a loss asks anew; a reconnect goes on from the offset."""
    session = opened()
    view, tail = session.subscribe("sales"), session.tail(Match(event="buy"))
    session.poll(0)

    def events(offset: int, prev: int | None) -> dict[str, Any]:
        counts = {"seen": 1, "looked": 1, "matched": 0, "events": []}
        return {"type": "events", "id": tail.id, "prev": prev, "offset": offset, "epoch": "e"} | {
            "recovered": prev is not None,
            **counts,
        }

    assert hear(session, events(4, None)) == [ViewChanged(tail.id)]
    assert hear(session, events(5, None) | {"id": view.id}, snapshot(tail.id, 3)) == []
    assert said(hear(session, events(9, 7))) == [{"type": "resync", "id": tail.id}]
    session.lost(1006)
    session.hello(0)
    hear(session, WELCOME)
    subscribed = {message["id"]: message for message in said(session.poll(0)) if message["type"] == "subscribe"}
    assert subscribed[tail.id]["from"] == {"epoch": "e", "offset": 4}
    session.unsubscribe(tail)
    assert said(session.poll(0)) == [{"type": "unsubscribe", "id": tail.id}]
