"""What the server says: a closed union of named tuples, and their JSON.

A new message is a new member of `ServerMessage`; the type checker then names all places that must know it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias, assert_never

import orjson

from gateway.wire.tailing import Events, events_head, events_tail

__all__ = [
    "Ack",
    "Credit",
    "Delta",
    "Drain",
    "ErrorMessage",
    "Limits",
    "Nack",
    "Notice",
    "Ping",
    "Push",
    "ServerMessage",
    "SnapshotMessage",
    "WarnMessage",
    "WelcomeProducer",
    "WelcomeViewer",
    "WireVerdict",
    "delta_head",
    "delta_tail",
    "encode",
]


class Credit(NamedTuple):
    """How far a producer may go: absolute, so that a repeated or lost ack changes nothing."""

    max_seq: int
    max_bytes: int


class Limits(NamedTuple):
    """What the server takes at most."""

    max_frame: int
    max_events: int
    max_depth: int


class WireVerdict(NamedTuple):
    """One event that was not plainly accepted."""

    seq: int
    nth: int
    outcome: str
    reason: str


class WelcomeProducer(NamedTuple):
    """Opens a producer's connection."""

    session: str
    node: str
    server_epoch: str
    now: int
    heartbeat_ms: int
    limits: Limits
    known: bool
    last_seq: int
    credit: Credit
    flush_ms: int
    level: int


class WelcomeViewer(NamedTuple):
    """Opens a viewer's connection. `evicted` says why its last one was cut, if it was."""

    session: str
    node: str
    server_epoch: str
    now: int
    heartbeat_ms: int
    limits: Limits
    evicted: str | None = None


class Ack(NamedTuple):
    """Everything up to `seq` is on disk; `verdicts` lists the exceptions since the last ack."""

    seq: int
    credit: Credit
    level: int
    flush_ms: int
    wait_ms: int = 0
    verdicts: tuple[WireVerdict, ...] = ()


class Nack(NamedTuple):
    """A batch is missing: `want` is its sequence."""

    want: int


class WarnMessage(NamedTuple):
    """The batch `seq` was not applied; the next offence closes the connection."""

    code: str
    seq: int


class ErrorMessage(NamedTuple):
    """The message was not taken. `id` names the subscription, `seq` the batch, where there is one."""

    code: str
    id: int | None = None
    seq: int | None = None


class Ping(NamedTuple):
    """Heartbeat and clock measurement."""

    now: int


class Push(NamedTuple):
    """What travels back to the page: flags for now."""

    flags: dict[str, Any]


class Drain(NamedTuple):
    """The server stops; the connection will be closed within `in_ms`."""

    in_ms: int


class Notice(NamedTuple):
    """Something the viewer should know: `conflated`, steps are being skipped; `boards`, there are other boards."""

    code: str


class SnapshotMessage(NamedTuple):
    """Rows of a topic at `offset`. `rows` is encoded JSON: an array."""

    id: int
    epoch: str
    offset: int
    meta: bytes
    watermark: int | None
    rows: bytes
    part: int = 1
    parts: int = 1


class Delta(NamedTuple):
    """What changed after `prev`. `set_` and `del_` are encoded JSON arrays."""

    id: int
    prev: int
    offset: int
    watermark: int | None
    set_: bytes
    del_: bytes = b"[]"


ServerMessage: TypeAlias = (
    WelcomeProducer
    | WelcomeViewer
    | Ack
    | Nack
    | WarnMessage
    | ErrorMessage
    | Ping
    | Push
    | Drain
    | Notice
    | SnapshotMessage
    | Delta
    | Events
)


def encode(message: ServerMessage) -> bytes:
    """One JSON text. About 0.4 us for an ack without verdicts, 2 us for others of ordinary size."""
    match message:
        case Ack():
            return _ack(message)
        case Delta():
            return delta_head(message.id, message.prev) + delta_tail(message)
        case Events():
            return events_head(message.id, message.prev) + events_tail(message)
        case SnapshotMessage():
            return _snapshot(message)
        case Ping():
            return b'{"type":"ping","now":%d}' % message.now
        case Nack():
            return b'{"type":"nack","want":%d}' % message.want
        case WelcomeProducer() | WelcomeViewer():
            return orjson.dumps(_welcome(message))
        case WarnMessage():
            return orjson.dumps({"type": "warn", "code": message.code, "seq": message.seq})
        case ErrorMessage():
            return orjson.dumps(_error(message))
        case Push():
            return orjson.dumps({"type": "push", "flags": message.flags})
        case Drain():
            return b'{"type":"drain","in_ms":%d}' % message.in_ms
        case Notice():
            return orjson.dumps({"type": "notice", "code": message.code})
        case _:
            assert_never(message)


def _welcome(message: WelcomeProducer | WelcomeViewer) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "welcome",
        "session": message.session,
        "node": message.node,
        "server_epoch": message.server_epoch,
        "now": message.now,
        "heartbeat_ms": message.heartbeat_ms,
        "limits": message.limits._asdict(),
    }
    if isinstance(message, WelcomeViewer):
        body["epoch"] = message.server_epoch
        if message.evicted is not None:
            body["evicted"] = message.evicted
        return body
    body |= {
        "formats": ["rows", "columns"],
        "resume": {"known": message.known, "last_seq": message.last_seq},
        "credit": message.credit._asdict(),
        "flush_ms": message.flush_ms,
        "level": message.level,
        "ack": "fsync",
        "flags": {},
    }
    return body


def _error(message: ErrorMessage) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "error", "code": message.code}
    if message.id is not None:
        body["id"] = message.id
    if message.seq is not None:
        body["seq"] = message.seq
    return body


def _ack(ack: Ack) -> bytes:
    head = b'{"type":"ack","seq":%d,"credit":{"max_seq":%d,"max_bytes":%d},"level":%d,"flush_ms":%d' % (
        ack.seq,
        ack.credit.max_seq,
        ack.credit.max_bytes,
        ack.level,
        ack.flush_ms,
    )
    if ack.wait_ms:
        head += b',"wait_ms":%d' % ack.wait_ms
    if ack.verdicts:
        head += b',"verdicts":' + orjson.dumps([tuple(verdict) for verdict in ack.verdicts])
    return head + b"}"


def _snapshot(message: SnapshotMessage) -> bytes:
    head = b'{"type":"snapshot","id":%d,"epoch":%s,"offset":%d,"meta":%s,"watermark":%s,"rows":%s' % (
        message.id,
        orjson.dumps(message.epoch),
        message.offset,
        message.meta,
        _number(message.watermark),
        message.rows,
    )
    if message.parts > 1:
        head += b',"part":%d,"parts":%d' % (message.part, message.parts)
    return head + b"}"


def delta_head(subscription: int, prev: int) -> bytes:
    """The part of a delta that differs between viewers."""
    return b'{"type":"delta","id":%d,"prev":%d,' % (subscription, prev)


def delta_tail(delta: Delta) -> bytes:
    """The part of a delta that all viewers at the same place share."""
    return b'"offset":%d,"watermark":%s,"set":%s,"del":%s}' % (
        delta.offset,
        _number(delta.watermark),
        delta.set_,
        delta.del_,
    )


def _number(value: int | None) -> bytes:
    return b"null" if value is None else b"%d" % value
