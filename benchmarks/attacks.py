"""What one connection of a flood does: the ways in which a client can cost more than it should.

Each kind is a protocol for one socket. They are as cheap as they can be for the client, since it is the server that is
to be tired: frames are made once and sent again and again.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any, Final

import orjson

from benchmarks.attacker import Attacker, frame, upgrade

__all__ = ["ATTACKS"]

CHUNK_BYTES: Final = 65_536
BATCH: Final = 100
"""Events of one batch of a cardinality flood."""


class Idle(Attacker):
    """Says hello as a producer, and then nothing but what keeps it."""

    def opened(self) -> None:
        self.hello_producer(f"idle-{self.number}-{self.means.fresh()}")

    def message(self, message: dict[str, Any]) -> None:
        self.settled = self.settled or message["type"] == "welcome"


class Storm(Attacker):
    """Opens, and leaves at once."""

    def opened(self) -> None:
        self.settled = True
        self.transport.abort()


class Slow(Attacker):
    """A request head that never ends, a byte at a time."""

    def opening(self) -> bytes:
        self.settled = True
        asyncio.get_running_loop().call_later(1.0, self._drip)
        return upgrade(self.means.port)[:-2]

    def _drip(self) -> None:
        if self._open and not self.transport.is_closing():
            self.transport.write(b"x")
            asyncio.get_running_loop().call_later(1.0, self._drip)


class Bodies(Attacker):
    """A POST of which all but the last byte comes."""

    def opening(self) -> bytes:
        self.settled = True
        size = self.means.size
        head = f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{self.means.port}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {size}\r\n\r\n".encode("ascii") + b"[" * (size - 1)


class Halves(Attacker):
    """A message of which all but the last byte comes, before it has said who it is."""

    def opened(self) -> None:
        self.settled = True
        self.transport.write(frame(b" " * self.means.size)[:-1])


class Deaf(Attacker):
    """A viewer that asks for everything and reads nothing."""

    def opened(self) -> None:
        self.say(
            {
                "type": "hello",
                "v": 1,
                "role": "viewer",
                "token": self.means.view_key,
                "viewer": {"id": f"deaf-{self.number}"},
            }
        )
        for number in range(8):
            self.say({"type": "subscribe", "id": number, "kpi": self.means.kpi, "last": 3600, "max_hz": 20})
        self.settled = True
        self.transport.pause_reading()


class Pings(Attacker):
    """Ping frames without end; the pongs are not read."""

    _chunk = frame(b"x" * 100, 9) * (CHUNK_BYTES // 106)

    def opened(self) -> None:
        self.hello_producer(f"pings-{self.number}-{self.means.fresh()}")
        self.settled = True
        self.go_on()

    def burst(self) -> bytes:
        return self._chunk


class Fragments(Attacker):
    """One message in fragments without end, each empty or of one byte."""

    _chunk = (frame(b"", 0, fin=False) + frame(b" ", 0, fin=False)) * (CHUNK_BYTES // 13)

    def opened(self) -> None:
        self.hello_producer(f"fragments-{self.number}-{self.means.fresh()}")
        self.settled = True
        self.transport.write(frame(b"[", fin=False))
        self.go_on()

    def burst(self) -> bytes:
        return self._chunk


class Chatter(Attacker):
    """Small messages that are all in order, without end: each asks for work."""

    def opened(self) -> None:
        self.say({"type": "hello", "v": 1, "role": "viewer", "token": self.means.view_key})
        self.settled = True
        ask = frame(orjson.dumps({"type": "subscribe", "id": 1, "kpi": self.means.kpi, "last": 3600, "max_hz": 20}))
        end = frame(orjson.dumps({"type": "unsubscribe", "id": 1}))
        self._chunk = (ask + end) * 256
        self.go_on()

    def burst(self) -> bytes:
        return self._chunk


class Sender(Attacker, ABC):
    """A producer that sends as fast as its credit allows, and keeps to the rules."""

    def opened(self) -> None:
        self._seq = 0
        self._sent_bytes = 0
        self._max_seq = self._max_bytes = 0
        self._made: bytes | None = None
        self.hello_producer(f"{type(self).__name__.lower()}-{self.number}-{self.means.fresh()}")

    def message(self, message: dict[str, Any]) -> None:
        if message["type"] not in ("welcome", "ack"):
            return
        if message["type"] == "ack":
            self.means.acked += 1
            for _, _, outcome, reason in message.get("verdicts", ()):
                name = f"{outcome}:{reason}"
                self.means.verdicts[name] = self.means.verdicts.get(name, 0) + 1
        self.settled = True
        self._max_seq, self._max_bytes = message["credit"]["max_seq"], message["credit"]["max_bytes"]
        self.go_on()

    def burst(self) -> bytes:
        if self._seq >= self._max_seq:
            return b""
        if self._made is None:
            stamp = time.time_ns() // 1_000_000
            text = b",".join([self.event(self.means.fresh(), stamp) for _ in range(self.batch())])
            head = b'{"type":"batch","seq":%d,"sent_at":%d,"backlog":9,"events":[' % (self._seq + 1, stamp)
            self._made = head + text + b"]}"
        if self._sent_bytes + len(self._made) > self._max_bytes:
            return b""
        made, self._made = self._made, None
        self._seq += 1
        self._sent_bytes += len(made)
        return frame(made)

    def batch(self) -> int:
        """Events of the next batch."""
        return BATCH

    @abstractmethod
    def event(self, fresh: int, stamp: int) -> bytes:
        """One event; `fresh` is a number that no other event of the flood has."""


class Names(Sender):
    """Each event has a name of its own."""

    def event(self, fresh: int, stamp: int) -> bytes:
        return b'{"event":"name-%d","timestamp":%d,"distinct_id":"u1"}' % (fresh, stamp)


class Users(Sender):
    """Each event is of a user of its own, in a session of its own."""

    def event(self, fresh: int, stamp: int) -> bytes:
        return b'{"event":"$pageview","timestamp":%d,"distinct_id":"user-%d","session_id":"s-%d"}' % (
            stamp,
            fresh,
            fresh,
        )


class Properties(Sender):
    """Each event has properties of its own, and values of its own in those that KPIs group by."""

    def event(self, fresh: int, stamp: int) -> bytes:
        own = b",".join([b'"p%d_%d":%d' % (fresh, nth, nth) for nth in range(10)])
        fixed = b'"$browser":"b%d","$device_type":"d%d","$pathname":"/%d","country":"c%d","value":%d' % ((fresh,) * 5)
        return b'{"event":"$pageview","timestamp":%d,"distinct_id":"u1","properties":{%b,%b}}' % (stamp, fixed, own)


class Deep(Sender):
    """Events that nest deeper than any parser should follow, beside one that is good."""

    _nests = tuple(b"[" * depth + b"]" * depth for depth in (17, 255, 1_024, 20_000))

    def batch(self) -> int:
        return 4

    def event(self, fresh: int, stamp: int) -> bytes:
        nest = self._nests[fresh % 4]
        return b'{"event":"deep","timestamp":%d,"distinct_id":"u1","properties":{"nest":%b}}' % (stamp, nest)


class Greedy(Sender):
    """Ordinary events, as many as it is let."""

    def event(self, fresh: int, stamp: int) -> bytes:
        return b'{"event":"$pageview","timestamp":%d,"distinct_id":"u%d","properties":{"$pathname":"/%d"}}' % (
            stamp,
            fresh % 10_000,
            fresh % 40,
        )


class Producers(Attacker):
    """Posts by producers of which each is met once, over one connection."""

    def opening(self) -> bytes:
        self._buffer = b""
        return self._post()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(rest) < size:
                return
            self._buffer = rest[size:]
            self.settled = True
            status = int(head[9:12])
            self.means.acked += status == 200
            if status != 200:
                self.means.verdicts[str(status)] = self.means.verdicts.get(str(status), 0) + 1
            if self.means.rate:
                asyncio.get_running_loop().call_later(1 / self.means.rate, self._go_on)
            else:
                self._go_on()

    def _go_on(self) -> None:
        if self._open and not self.transport.is_closing():
            self.transport.write(self._post())

    def _post(self) -> bytes:
        self.means.sent += 1
        fresh, stamp = self.means.fresh(), time.time_ns() // 1_000_000
        body = b'{"token":"%b","producer":{"id":"fake-%d","epoch":1},"seq":1,"sent_at":%d,"events":[%b]}' % (
            self.means.write_key.encode("ascii"),
            fresh,
            stamp,
            b'{"event":"fake","timestamp":%d,"distinct_id":"u1"}' % stamp,
        )
        head = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return head % len(body) + body


ATTACKS: Final[dict[str, type[Attacker]]] = {
    one.__name__.lower(): one
    for one in (
        Idle, Storm, Slow, Bodies, Halves, Deaf, Pings, Fragments, Chatter,
        Names, Users, Properties, Producers, Deep, Greedy,
    )
}  # fmt: skip
