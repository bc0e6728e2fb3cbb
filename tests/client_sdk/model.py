"""A server as the protocol defines it, without a network: durable dedup, absolute credit, cumulative acks.

It checks what a client must never do: pass its window, change a batch that was sent, skip the hello.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

WINDOW = 4
BYTES = 262_144
LIMITS = {"max_frame": 262_144, "max_events": 500, "max_depth": 16}


@dataclass
class Row:
    """How far one producer has come."""

    epoch: int
    received: int
    durable: int


@dataclass
class ServerModel:
    """The durable state; connections come and go."""

    window: int = WINDOW
    bytes: int = BYTES
    limits: dict[str, int] = field(default_factory=lambda: dict(LIMITS))
    # How batches may be written, beside rows.
    formats: tuple[str, ...] = ()
    producers: dict[str, Row] = field(default_factory=dict)
    # Every uuid that was counted, as often as it was.
    counted: dict[str, int] = field(default_factory=dict)
    rejected: list[str] = field(default_factory=list)
    # (producer, epoch, seq) -> the events as first seen: a resend must repeat them.
    seen: dict[tuple[str, int, int], Any] = field(default_factory=dict)
    # Batches received and not yet on disk: (producer, epoch, seq, events).
    pending: list[tuple[str, int, int, list[dict[str, Any]]]] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)

    def connect(self) -> Connection:
        """A new socket."""
        connection = Connection(self)
        self.connections.append(connection)
        return connection

    def commit(self, most: int = 1_000) -> None:
        """At most so many pending batches become durable; every connection gets its ack."""
        verdicts: dict[str, list[list[Any]]] = {}
        pending, self.pending = self.pending[:most], self.pending[most:]
        for producer, epoch, seq, events in pending:
            row = self.producers.get(producer)
            if row is None or row.epoch != epoch:
                row = self.producers[producer] = Row(epoch, seq, seq)
            row.durable = seq
            verdicts.setdefault(producer, []).extend(self.apply(seq, events))
        for connection in self.connections:
            if connection.producer in verdicts:
                connection.ack(verdicts[connection.producer])

    def apply(self, seq: int, events: list[dict[str, Any]]) -> list[list[Any]]:
        """Count events once; what is not plainly accepted is returned as verdicts."""
        told: list[list[Any]] = []
        for index, event in enumerate(events):
            if event["uuid"] in self.counted:
                told.append([seq, index, "duplicate", "uuid"])
            elif event["properties"].get("bad"):
                told.append([seq, index, "drop", "schema:bad"])
                self.rejected.append(event["uuid"])
            else:
                self.counted[event["uuid"]] = 1
                if event["properties"].get("odd"):
                    told.append([seq, index, "warn", "clamped"])
        return told

    def crash(self) -> None:
        """Power off and on: what was not committed is gone, and so are the connections."""
        self.pending = []
        self.connections = []
        for row in self.producers.values():
            row.received = row.durable
        self.producers = {name: row for name, row in self.producers.items() if row.durable > 0}

    def forget(self) -> None:
        """Evict every producer, as a full dedup table would; only those without a connection can be."""
        busy = {connection.producer for connection in self.connections} | {entry[0] for entry in self.pending}
        self.producers = {name: row for name, row in self.producers.items() if name in busy}


class Connection:
    """One producer connection. `receive` takes a frame; `out` gathers what the server says; `closed` its close code."""

    def __init__(self, server: ServerModel) -> None:
        self.server = server
        self.producer: str | None = None
        self.epoch = 0
        self.out: list[dict[str, Any]] = []
        self.closed: int | None = None
        self.hello: dict[str, Any] = {}
        self.batches = 0
        self._used = 0
        self._max_seq = 0
        self._max_bytes = 0

    def take(self) -> list[bytes]:
        """The frames for the client since the last call."""
        out, self.out = self.out, []
        return [json.dumps(message).encode() for message in out]

    def receive(self, frame: bytes) -> None:
        """One frame of the client."""
        message = json.loads(frame)
        match message["type"]:
            case "hello":
                assert self.producer is None, "a second hello"
                self._hello(message)
            case "columns":
                assert "columns" in self.server.formats, "a form that the server does not read"
                self._batch(rows_of(message), len(frame))
            case "batch":
                assert self.producer is not None, "a batch before the hello"
                self._batch(message, len(frame))
            case "pong" | "auth":
                pass
            case other:
                raise AssertionError(f"a producer does not send {other}")

    def _hello(self, message: dict[str, Any]) -> None:
        self.hello = message
        claim = message["producer"]
        self.producer, self.epoch, next_seq = claim["id"], claim["epoch"], claim["next_seq"]
        for other in self.server.connections:
            if other is not self and other.producer == self.producer:
                other.closed = 4009
        row = self.server.producers.get(self.producer)
        if row is not None and self.epoch < row.epoch:
            self.closed = 4009
            return
        known = row is not None and row.epoch == self.epoch and next_seq <= row.received + 1
        if row is None or not known:
            row = self.server.producers[self.producer] = Row(self.epoch, next_seq - 1, next_seq - 1)
        self._max_seq = row.durable + self.server.window
        self._max_bytes = self.server.bytes
        self.out.append(
            {
                "type": "welcome",
                "session": "s",
                "node": "n",
                "server_epoch": "e",
                "now": 0,
                "heartbeat_ms": 25_000,
                "limits": self.server.limits,
                "formats": ["rows", *self.server.formats],
                "resume": {"known": known, "last_seq": row.durable},
                "credit": self._credit(),
                "flush_ms": 500,
                "level": 0,
                "ack": "fsync",
                "flags": {},
            }
        )

    def _batch(self, message: dict[str, Any], size: int) -> None:
        assert self.producer is not None
        seq, events = message["seq"], message["events"]
        self._used += size
        self.batches += 1
        assert seq <= self._max_seq, "beyond the window"
        assert self._used <= self._max_bytes, "beyond the bytes of the window"
        assert size <= self.server.limits["max_frame"]
        assert 1 <= len(events) <= self.server.limits["max_events"]
        first = self.server.seen.setdefault((self.producer, self.epoch, seq), message)
        assert first == message, "a batch changed between two sends"
        row = self.server.producers[self.producer]
        if row.epoch != self.epoch:
            self.closed = 4009
        elif seq <= row.durable:
            self.ack([])
        elif seq == row.received + 1:
            row.received = seq
            self.server.pending.append((self.producer, self.epoch, seq, events))
        elif seq > row.received:
            self.out.append({"type": "nack", "want": row.received + 1})

    def ack(self, verdicts: list[list[Any]], **advice: int) -> None:
        """The cumulative ack, with new credit."""
        assert self.producer is not None
        durable = self.server.producers[self.producer].durable
        self._max_seq = max(self._max_seq, durable + self.server.window)
        self._max_bytes = max(self._max_bytes, self._used + self.server.bytes)
        message = {"type": "ack", "seq": durable, "credit": self._credit(), "level": 0, "flush_ms": 500, **advice}
        if verdicts:
            message["verdicts"] = verdicts
        self.out.append(message)

    def _credit(self) -> dict[str, int]:
        return {"max_seq": self._max_seq, "max_bytes": self._max_bytes}


def rows_of(message: dict[str, Any]) -> dict[str, Any]:
    """A columnar batch as the rows that it stands for."""
    events: list[dict[str, Any]] = [{} for _ in range(message["n"])]
    for name in ("event", "uuid", "distinct_id", "session_id", "window_id"):
        _give(events, name, message.get(name))
    for event, step in zip(events, message["dt"], strict=True):
        if step is not None:
            event["timestamp"] = message["t0"] + step
    said: list[dict[str, Any]] = [{} for _ in events]
    for name, column in message["properties"].items():
        _give(said, name, column)
    for event, own in zip(events, said, strict=True):
        event["properties"] = own
    head = {name: message[name] for name in ("seq", "sent_at", "backlog")}
    return {"type": "batch", **head, "events": events}


def _give(events: list[dict[str, Any]], name: str, column: Any) -> None:
    if isinstance(column, dict):
        column = [None if place == -1 else column["d"][place] for place in column["i"]]
    for event, value in zip(events, column or [None] * len(events), strict=True):
        if value is not None:
            event[name] = value
