"""What the server says is exactly the golden frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.wire import encode
from gateway.wire.replies import (
    Ack,
    Credit,
    Delta,
    Drain,
    ErrorMessage,
    Limits,
    Nack,
    Notice,
    Ping,
    Push,
    ServerMessage,
    SnapshotMessage,
    WarnMessage,
    WelcomeProducer,
    WelcomeViewer,
    WireVerdict,
)
from gateway.wire.tailing import Events

VECTORS = Path(__file__).parents[1] / "vectors"
LIMITS = Limits(262_144, 500, 16)
NOW = 1_795_334_400_123


def golden(side: str) -> dict[str, bytes]:
    rows: list[dict[str, Any]] = json.loads((VECTORS / f"{side}.json").read_text())
    return {row["name"]: row["frame"].encode() for row in rows}


def json_of(name: str, key: str) -> bytes:
    return orjson.dumps(orjson.loads(golden("server")[name])[key])


SAID: dict[str, ServerMessage] = {
    "welcome_producer": WelcomeProducer("s-1", "n-1", "e1", NOW, 25_000, LIMITS, True, 41, Credit(45, 262_144), 500, 0),
    "welcome_viewer": WelcomeViewer("s-2", "n-1", "e1", NOW, 25_000, LIMITS, "slow"),
    "ack": Ack(42, Credit(50, 524_288), 0, 500),
    "ack_verdicts": Ack(
        42,
        Credit(50, 524_288),
        3,
        1_000,
        1_500,
        (
            WireVerdict(42, 3, "drop", "schema:price"),
            WireVerdict(42, 4, "duplicate", "uuid"),
            WireVerdict(42, 5, "warn", "clamped"),
        ),
    ),
    "nack": Nack(43),
    "warn": WarnMessage("over_credit", 60),
    "error": ErrorMessage("unknown_kpi", 1),
    "ping": Ping(1_795_334_425_123),
    "push": Push({"new_checkout": True}),
    "drain": Drain(3_000),
    "notice": Notice("conflated"),
    "snapshot": SnapshotMessage(
        1, "e1", 12, json_of("snapshot", "meta"), 1_795_334_398_000, json_of("snapshot", "rows")
    ),
    "snapshot_part": SnapshotMessage(1, "e1", 12, json_of("snapshot_part", "meta"), None, b"[]", 1, 2),
    "delta": Delta(1, 12, 15, 1_795_334_399_000, json_of("delta", "set"), json_of("delta", "del")),
    "events": Events(7, 118, 120, "e1", True, 240, 240, 1, json_of("events", "events")),
    "events_anew": Events(7, None, 120, "e1", False, 48_000, 9_600, 310, json_of("events_anew", "events")),
}


@pytest.mark.parametrize("name", sorted(golden("server")))
def test_server_messages_are_the_golden_frames(name: str) -> None:
    """Each message of the server, encoded, is its golden frame to the byte."""
    assert encode(SAID[name]) == golden("server")[name]


def test_every_server_message_has_a_golden_frame() -> None:
    """The closed union and the vectors name the same messages."""
    members = set(ServerMessage.__args__)
    assert {type(message) for message in SAID.values()} == members


def test_an_error_names_what_it_is_about() -> None:
    """`id` and `seq` are there only when there is something to name."""
    assert encode(ErrorMessage("bad_json")) == b'{"type":"error","code":"bad_json"}'
    assert encode(ErrorMessage("x", seq=4)) == b'{"type":"error","code":"x","seq":4}'
