"""A producer as the protocol asks for it: it keeps what is not acked and sends it again, over a line that breaks."""

from __future__ import annotations

import random
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import orjson

from gateway.core.post import PostFate, judge_post
from gateway.core.producer import Arrival
from gateway.server.enricher import Sender
from tests.simulation.node import WRITE_KEY

if TYPE_CHECKING:
    from gateway.server.session import Session
    from tests.simulation.node import Node

__all__ = ["Client", "Line"]


class Line:
    """A connection: messages under way in both directions, in order. It is the server's `Connection`, too."""

    sender = Sender("simulated")

    def __init__(self) -> None:
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        self.code: int | None = None
        self.session: Session | None = None

    def send(self, payload: bytes) -> None:
        self.down.append(payload)

    def close(self, code: int, reason: str = "") -> None:
        self.code = code

    def abort(self, code: int = 1006, reason: str = "") -> None:
        self.code = code


class Client:
    """`batches` is all it has to say; of `acked` it was told that nothing can take it back."""

    def __init__(self, name: str, batches: list[list[dict[str, Any]]], seen: Counter[str]) -> None:
        self.name = name
        self.batches = batches
        self.acked = 0
        self.line: Line | None = None
        self.losses: list[str] = []
        self._next = 1
        self._max_seq = 0
        self._welcomed = False
        # What was acked when it said hello: posts may be acked while the welcome is under way.
        self._promised = 0
        # Whether a batch was left out on this line: one gap brings one nack.
        self._skipped = False
        self._seen = seen

    @property
    def done(self) -> bool:
        """All it has to say is acked."""
        return self.acked == len(self.batches)

    def connect(self, node: Node) -> None:
        """Open a line and say hello."""
        self.line, self._welcomed, self._promised = Line(), False, self.acked
        self._skipped = False
        self.line.session = node.session(self.line)
        claim = {"id": self.name, "epoch": 1, "next_seq": self.acked + 1}
        hello = {"type": "hello", "v": 1, "role": "producer", "token": WRITE_KEY, "producer": claim}
        self.line.up.append(orjson.dumps(hello))

    def send(self, chance: random.Random) -> None:
        """As much as credit allows, some of it twice, or with a batch lost on the way."""
        if self.line is None or not self._welcomed:
            return
        while self._next <= min(self._max_seq, len(self.batches)):
            if not self._skipped and chance.random() < 0.05 and self._next < min(self._max_seq, len(self.batches)):
                self._seen["skipped"] += 1
                self._skipped = True
                self._next += 1
            self.line.up.append(self.frame(self._next))
            if chance.random() < 0.1:
                self._seen["repeated"] += 1
                self.line.up.append(self.frame(self._next))
            self._next += 1
            if chance.random() < 0.7:
                break

    def frame(self, seq: int) -> bytes:
        """A batch."""
        return orjson.dumps({"type": "batch", "seq": seq, "backlog": 3, "events": self.batches[seq - 1]})

    def post(self, node: Node, now: int) -> None:
        """The next batch by HTTP, as the route does it."""
        if self.done:
            return
        seq, table = self.acked + 1, node.fold.table
        fate, row = judge_post(table, self.name, 1, seq)
        self._seen[f"post_{fate.name.lower()}"] += 1
        if fate is PostFate.APPLY:
            text = self.frame(seq)
            batch = node.fold.codec.batch(text)
            arrival = Arrival(row, 1, seq, batch.events, batch.verdicts, text, now, 0, None, b"", None)
            node.ingest.submit(arrival, lambda _verdicts: self._hear(seq))
        elif fate is PostFate.WAIT:
            node.ingest.acks.waiters.add(self.name, 1, seq, lambda _verdicts: self._hear(seq))
        elif fate is PostFate.REPEATED:
            self._hear(seq)

    def deliver_up(self) -> None:
        """The server gets the next message of the line."""
        line = self.line
        if line is not None and line.up and line.code is None:
            assert line.session is not None
            line.session.message(line.up.popleft())

    def deliver_down(self) -> None:
        """The client gets the next message, or hears of the end."""
        line = self.line
        if line is None:
            return
        if line.down:
            self._take(orjson.loads(line.down.popleft()))
        elif line.code is not None:
            self._seen[f"closed_{line.code}"] += 1
            self.hang_up()

    def hang_up(self) -> None:
        """The line breaks; what is under way is lost."""
        if self.line is not None and self.line.session is not None:
            self.line.session.closed(1006, "")
        self.line = None

    def cut_off(self) -> None:
        """The server is gone."""
        self.line = None

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "welcome":
                last, known = message["resume"]["last_seq"], message["resume"]["known"]
                if last < self._promised or (self._promised and not known):
                    self.losses.append(f"{self.name} was acked {self._promised} and is told {message['resume']}")
                self._welcomed = True
                self._hear(last)
                self._next = self.acked + 1
                self._max_seq = message["credit"]["max_seq"]
            case "ack":
                self._hear(message["seq"])
                self._max_seq = message["credit"]["max_seq"]
                for _, _, outcome, _ in message.get("verdicts", ()):
                    self._seen[f"verdict_{outcome}"] += 1
                if message["level"]:
                    self._seen[f"level_{message['level']}"] += 1
            case "nack":
                self._seen["nack"] += 1
                self._next = message["want"]
            case "error":
                self.losses.append(f"{self.name}: {message}")

    def _hear(self, seq: int) -> None:
        self.acked = max(self.acked, seq)
