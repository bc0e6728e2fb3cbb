"""A producer joined to a server model by a wire that a test can cut, and whose both ends it can restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from client_sdk.python.actions import Action, Close, Send
from client_sdk.python.backlog import Backlog
from client_sdk.python.event import encode_event
from client_sdk.python.ids import uuid7
from client_sdk.python.journal import Saved
from client_sdk.python.messages import Sdk
from client_sdk.python.producer import Producer
from client_sdk.python.spool import Spool
from tests.client_sdk.model import Connection, ServerModel

T0 = 1_795_334_400_000


class Wire:
    """A producer and a server model, joined by a wire that the test can cut."""

    def __init__(self, server: ServerModel | None = None, spool: Path | None = None, **options: Any) -> None:
        self.server = server or ServerModel()
        self._options = options
        self._path = spool
        self._spool: Spool | None = None
        self._begin()
        self.now = T0
        self.connection: Connection | None = None
        self.told: list[Action] = []
        self.sent: list[dict[str, Any]] = []
        self._number = 0

    def _begin(self) -> None:
        saved = Saved(uuid7(T0, 1))
        if self._path is not None:
            self._spool = Spool(self._path)
            saved = self._spool.load(uuid7(T0, 1))
        self.backlog = Backlog(saved, journaling=self._spool is not None, **self._options)
        self.producer = Producer("wk", self.backlog, {}, Sdk("python", "0"))

    def restart(self) -> None:
        """The client's process ends, without a word, and another begins with its spool."""
        assert self._spool is not None
        if self.connection is not None:
            self.cut()
        self._spool.close()
        self._begin()

    def end(self) -> None:
        """Let the spool go."""
        if self._spool is not None:
            self._spool.close()

    def _write(self) -> None:
        records = self.backlog.take_journal()
        if records and self._spool is not None:
            self._spool.write(records, self.backlog.ledger())

    def capture(self, name: str = "e", **properties: Any) -> str:
        self._number += 1
        event = encode_event(name, properties, uuid=uuid7(T0, self._number), timestamp=self.now)
        _, gone = self.producer.add(event, self.now)
        self._write()
        self.told += gone
        return event.uuid

    def open(self) -> Connection:
        """Connect and exchange hello and welcome. The connection may be over again when this returns."""
        connection = self.connection = self.server.connect()
        self.carry(self.producer.hello(self.now))
        self.deliver()
        return connection

    def carry(self, actions: list[Action]) -> None:
        """Do what the producer wants; what must be remembered is written first."""
        self._write()
        for action in actions:
            match action:
                case Send(frame) if self.connection is not None:
                    self.sent.append(json.loads(frame))
                    self.connection.receive(frame)
                case Close():
                    self.told.append(action)
                    self.cut(1000)
                    return
                case _:
                    self.told.append(action)

    def deliver(self) -> None:
        """Bring the server's frames to the producer, until nothing is under way."""
        while self.connection is not None and (frames := self.connection.take()):
            for frame in frames:
                self.hear(frame)
        if self.connection is not None and self.connection.closed is not None:
            self.cut(self.connection.closed)

    def hear(self, frame: bytes | dict[str, Any]) -> None:
        """One frame of the server."""
        data = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        self.carry(self.producer.receive(data, self.now))

    def poll(self, later: int = 0) -> None:
        """Time goes on, and the producer does what is due."""
        self.now += later
        self.carry(self.producer.poll(self.now))

    def cut(self, code: int = 1006) -> None:
        """The socket breaks."""
        if self.connection in self.server.connections:
            self.server.connections.remove(self.connection)
        self.connection = None
        self.producer.lost(code)
        self._write()

    def settle(self) -> None:
        """Flush, and let the server commit until it has everything."""
        for _ in range(200):
            self.producer.flush()
            if self.connection is None:
                self.open()
            self.poll()
            self.server.commit()
            self.deliver()
            if self.backlog.ledger().pending == 0:
                return
        raise AssertionError(f"not settled: {self.backlog.ledger()}")

    def batches(self) -> list[dict[str, Any]]:
        """The batch frames sent so far."""
        return [message for message in self.sent if message["type"] == "batch"]


def ack(seq: int, max_seq: int = 100, max_bytes: int = 1 << 30, **more: Any) -> dict[str, Any]:
    """An ack as the server would send it."""
    credit = {"max_seq": max_seq, "max_bytes": max_bytes}
    return {"type": "ack", "seq": seq, "credit": credit, "level": 0, "flush_ms": 500, **more}
