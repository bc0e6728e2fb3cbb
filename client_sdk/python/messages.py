"""The messages of protocol version 1 as values: a closed union each way. Bytes in, values out; values in, bytes out.

Batches are the one message that is not built here: their events are encoded already (see `batch`).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from client_sdk.python.coders import Coders

__all__ = [
    "Ack",
    "Auth",
    "ClientMessage",
    "Credit",
    "Delta",
    "Drain",
    "Events",
    "Failure",
    "Hello",
    "Limits",
    "Match",
    "Nack",
    "Notice",
    "Origin",
    "Ping",
    "Pong",
    "ProducerId",
    "Push",
    "Resume",
    "Resync",
    "Row",
    "Sdk",
    "ServerMessage",
    "Snapshot",
    "Subscribe",
    "Unsubscribe",
    "ViewerId",
    "Visibility",
    "Warn",
    "Welcome",
    "decode",
    "encode",
]

SUBPROTOCOL = "tidegate.v1"


class _Part(Struct, omit_defaults=True):
    """A piece of a message."""


class _Message(Struct, omit_defaults=True, tag_field="type", tag=str.lower):
    """A whole message; its class name in lower case is its `type`."""


class ProducerId(_Part):
    id: str
    epoch: int
    next_seq: int


class ViewerId(_Part):
    id: str


class Sdk(_Part):
    name: str
    version: str


class Hello(_Message):
    v: int = field()
    role: str
    token: str
    producer: ProducerId | None = None
    viewer: ViewerId | None = None
    sdk: Sdk | None = None
    defaults: dict[str, Any] | None = None


class Auth(_Message):
    token: str


class Pong(_Message):
    now: int
    sent: int


class Origin(_Part):
    """Where a view stands: rows up to `offset` of the server's `epoch` are known."""

    epoch: str
    offset: int


class Match(_Part):
    """Which events: those that have all of this."""

    event: str | None = None
    distinct_id: str | None = None
    verdict: str | None = None
    reason: str | None = None
    properties: dict[str, Any] | None = None


class Subscribe(_Message):
    """A KPI, or a topic in its place."""

    id: int
    kpi: str | None = None
    last: int | None = None
    max_hz: int | float | None = None
    where: dict[str, Any] | None = None
    topic: str | None = None
    match: Match | None = None
    max_rate: int | float | None = None
    origin: Origin | None = field(default=None, name="from")


class Unsubscribe(_Message):
    id: int


class Resync(_Message):
    id: int


class Visibility(_Message):
    visible: bool


ClientMessage = Hello | Auth | Pong | Subscribe | Unsubscribe | Resync | Visibility


class Limits(Struct):
    """What the server takes: bytes of a frame, events of a batch, nesting of an event."""

    max_frame: int = 262_144
    max_events: int = 500
    max_depth: int = 16


class Resume(_Part):
    known: bool
    last_seq: int


class Credit(_Part):
    max_seq: int
    max_bytes: int


class Welcome(_Message):
    session: str
    node: str
    server_epoch: str
    now: int
    heartbeat_ms: int
    limits: Limits
    formats: list[str] | None = None
    resume: Resume | None = None
    credit: Credit | None = None
    flush_ms: int | None = None
    level: int | None = None
    ack: str | None = None
    flags: dict[str, Any] | None = None
    epoch: str | None = None
    evicted: str | None = None


class Ack(_Message):
    seq: int
    credit: Credit
    level: int
    flush_ms: int
    wait_ms: int = 0
    verdicts: list[tuple[int, int, str, str]] = []


class Nack(_Message):
    want: int


class Warn(_Message):
    code: str
    seq: int | None = None


class Failure(_Message, tag="error"):
    code: str
    id: int | None = None
    seq: int | None = None


class Ping(_Message):
    now: int


class Push(_Message):
    """The way back to the producer; what the fields hold is between the server and the application."""

    flags: Any = None
    experiments: Any = None
    surveys: Any = None


class Drain(_Message):
    in_ms: int


class Notice(_Message):
    code: str
    id: int | None = None


class Row(Struct, omit_defaults=True):
    """One KPI value: of a window `[start, end)` in epoch ms, and of one combination of dimension values."""

    dims: dict[str, Any]
    start: int
    end: int
    value: Any
    kind: str
    rev: int
    error: float | None = None
    keys: int | None = None


class Snapshot(_Message):
    id: int
    epoch: str
    offset: int
    meta: dict[str, Any]
    watermark: int | None
    rows: list[Row]
    part: int | None = None
    parts: int | None = None


class Delta(_Message):
    id: int
    prev: int
    offset: int
    watermark: int | None
    put: list[Row] = field(name="set")
    gone: list[Annotated[list[Any], Meta(min_length=2)]] = field(name="del")


class Events(_Message):
    """Single events after `prev`; without one, what the server still has."""

    id: int
    prev: int | None
    offset: int
    epoch: str
    recovered: bool
    seen: int
    looked: int
    matched: int
    events: list[dict[str, Any]]


ServerMessage = Welcome | Ack | Nack | Warn | Failure | Ping | Push | Drain | Notice | Snapshot | Delta | Events


SERVER_TYPES = frozenset(
    {"welcome", "ack", "nack", "warn", "error", "ping", "push", "drain", "notice", "snapshot", "delta", "events"}
)

_JSON: Coders[ServerMessage] = Coders(
    msgspec.json, ServerMessage, SERVER_TYPES, lambda frame: frame.lstrip()[:1] == b"["
)


def encode(message: ClientMessage) -> bytes:
    """The frame of one message, as JSON."""
    return _JSON.encode(message)


def decode(frame: bytes) -> list[ServerMessage]:
    """The messages of one frame of JSON, in order. A type this version does not know is left out.

    Raises:
        MessageError: not JSON, or a known type with wrong fields.
    """
    return _JSON.decode(frame)
