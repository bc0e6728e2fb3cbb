"""The viewers' side of the fan-out benchmark, as its own process: many sockets that only read, and what feeds them.

    python -m benchmarks.viewers '{"port": 8080, "pids": [123], "kind": "tidegate", ...}'     # the fields of `Plan`

It prints one JSON object, the fields of `Outcome`. Frames are counted by their headers; payloads are read on the first
connection only, which checks that each delta continues the one before it.
"""

from __future__ import annotations

import gc
import math
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from benchmarks.load import Producer
from benchmarks.machine import DRIVER_CORE, cpu_seconds, pin, raise_file_limit
from benchmarks.traffic import masked_frame
from benchmarks.wire import ClosedError, FrameCounter, FrameReader, open_socket, read_message, say

__all__ = ["CELLS", "Outcome", "Plan", "Viewers"]

KPI = "load"
# Rows of one delta; with nine, the gateway's delta is about 1 KB.
CELLS = tuple(f"cell-{number}" for number in range(9))
_BUFFER = 262_144


@dataclass(frozen=True)
class Plan:
    """Whom to read from and for how long. `kind`: `tidegate`, `raw` (a server that sends by itself) or `nats`."""

    port: int
    pids: list[int]
    kind: str
    connections: int = 2_000
    hz: float = 10.0
    warm_s: float = 2.0
    measure_s: float = 5.0
    view_key: str = ""
    write_key: str = ""
    # NATS publishes on its plain port, subscribes on its WebSocket port.
    publish_port: int = 0
    payload_bytes: int = 1_024


@dataclass
class Outcome:
    """What all viewers together received in the measured part. `bytes` counts headers too."""

    frames: int = 0
    bytes: int = 0
    wall_s: float = 0.0
    server_cpu_s: float = 0.0
    # The same of each process by itself.
    each_cpu_s: list[float] = field(default_factory=list)
    driver_cpu_s: float = 0.0
    # Ticks that the feed made in the measured part; each should reach every viewer once.
    ticks: int = 0
    # Deltas the first viewer read, those that did not continue its offset, and snapshots among them.
    witnessed: int = 0
    broken: int = 0


class Viewers:
    """Opens the sockets, feeds the server if it needs feeding, counts."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self._epoll = select.epoll()
        self._readers: dict[int, tuple[socket.socket, FrameCounter]] = {}
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._witness = FrameReader()
        self._witness_fd = -1
        self._offset: int | None = None
        self._frames = 0
        self._bytes = 0
        self._ticks = 0
        self._feed_socket: socket.socket | None = None
        self._producer: Producer | None = None

    def connect(self) -> None:
        """Open and subscribe every viewer, then the feed."""
        opener = {"tidegate": self._open_tidegate, "nats": self._open_nats, "raw": self._open_raw}[self.plan.kind]
        for _ in range(self.plan.connections):
            sock = opener()
            sock.setblocking(False)
            self._readers[sock.fileno()] = (sock, FrameCounter())
            self._epoll.register(sock.fileno(), select.EPOLLIN)
        if self.plan.kind == "nats":
            self._feed_socket = socket.create_connection(("127.0.0.1", self.plan.publish_port))
            self._feed_socket.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\n')
        elif self.plan.kind == "tidegate":
            self._producer = Producer(open_socket(self.plan.port))
            self._producer.hello(self.plan.write_key)

    def run(self) -> Outcome:
        """Read for `warm_s`, then count for `measure_s`.

        Raises:
            ClosedError: the server ended a connection.
        """
        gc.disable()
        now = time.perf_counter()
        period = 1 / self.plan.hz
        # The measured part is as long as it is said, also when the warm-up took longer on a busy machine.
        next_tick, warm, stop = now, now + self.plan.warm_s, math.inf
        start: tuple[float, list[float], float] | None = None
        while now < stop:
            if now >= next_tick:
                self._feed()
                next_tick += period
            if start is None and now >= warm:
                self._frames = self._bytes = self._ticks = self.outcome.witnessed = self.outcome.broken = 0
                start, stop = (now, self._cpu(), time.process_time()), now + self.plan.measure_s
            edge = min(next_tick, stop if start else warm)
            self._read(max(0.0, edge - now))
            now = time.perf_counter()
        assert start is not None
        self.outcome.wall_s = now - start[0]
        self.outcome.each_cpu_s = [after - before for after, before in zip(self._cpu(), start[1], strict=True)]
        self.outcome.server_cpu_s = sum(self.outcome.each_cpu_s)
        self.outcome.driver_cpu_s = time.process_time() - start[2]
        self.outcome.frames, self.outcome.bytes, self.outcome.ticks = self._frames, self._bytes, self._ticks
        self.close()
        return self.outcome

    def _cpu(self) -> list[float]:
        return [cpu_seconds([pid]) for pid in self.plan.pids]

    def close(self) -> None:
        """Close every socket."""
        for sock, _ in self._readers.values():
            sock.close()
        if self._feed_socket is not None:
            self._feed_socket.close()
        if self._producer is not None:
            self._producer.sock.close()
        self._epoll.close()

    def _read(self, timeout: float) -> None:
        for fd, _ in self._epoll.poll(timeout):
            sock, counter = self._readers[fd]
            size = sock.recv_into(self._buffer)
            if not size:
                raise ClosedError("the server ended a viewer's connection")
            self._frames += counter.feed(self._view[:size])
            self._bytes += size
            if fd == self._witness_fd:
                self._look(bytes(self._view[:size]))

    def _look(self, data: bytes) -> None:
        for payload in self._witness.feed(data):
            message = orjson.loads(payload)
            for one in message if isinstance(message, list) else [message]:
                if one["type"] not in ("delta", "snapshot"):
                    continue
                self.outcome.witnessed += 1
                if one["type"] == "snapshot" or one["prev"] != self._offset or not one["set"]:
                    self.outcome.broken += 1
                self._offset = one["offset"]

    def _feed(self) -> None:
        """Cause one delta to every viewer."""
        self._ticks += 1
        if self._feed_socket is not None:
            size = self.plan.payload_bytes
            self._feed_socket.sendall(b"PUB x %d\r\n" % size + b"x" * size + b"\r\n")
        elif self._producer is not None:
            producer, now = self._producer, time.time_ns() // 1_000_000
            self._take_acks(producer)
            if producer.next_seq > producer.max_seq:
                return
            events = [
                {"event": "cell", "timestamp": now, "distinct_id": "u", "properties": {"cell": cell}} for cell in CELLS
            ]
            batch = {"type": "batch", "seq": producer.next_seq, "sent_at": now, "backlog": 0, "events": events}
            say(producer.sock, batch)
            producer.next_seq += 1

    @staticmethod
    def _take_acks(producer: Producer) -> None:
        producer.sock.setblocking(False)
        try:
            data = producer.sock.recv(65_536)
        except BlockingIOError:
            data = b""
        producer.sock.setblocking(True)
        for payload in producer.reader.feed(data):
            message = orjson.loads(payload)
            for one in message if isinstance(message, list) else [message]:
                if one["type"] == "ack":
                    producer.max_seq = max(producer.max_seq, one["credit"]["max_seq"])

    def _open_tidegate(self) -> socket.socket:
        sock, reader = open_socket(self.plan.port), FrameReader()
        snapshot = subscribe(sock, reader, self.plan.view_key, KPI, 20.0)
        if self._witness_fd < 0:
            self._witness_fd, self._witness, self._offset = sock.fileno(), reader, snapshot["offset"]
        return sock

    def _open_nats(self) -> socket.socket:
        sock = open_socket(self.plan.port, path="/", protocol="")
        sock.sendall(masked_frame(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB x 1\r\nPING\r\n', 2))
        text, reader = b"", FrameReader()
        while b"PONG" not in text:
            data = sock.recv(65_536)
            if not data:
                raise ClosedError(f"NATS refused: {text!r}")
            text += b"".join(reader.feed(data))
        return sock

    def _open_raw(self) -> socket.socket:
        return open_socket(self.plan.port)


def subscribe(sock: socket.socket, reader: FrameReader, token: str, kpi: str, max_hz: float) -> dict[str, Any]:
    """Open as a viewer and subscribe as id 1; gives the last part of the snapshot."""
    say(sock, {"type": "hello", "v": 1, "role": "viewer", "token": token})
    read_message(sock, reader, "welcome")
    say(sock, {"type": "subscribe", "id": 1, "kpi": kpi, "last": 60, "max_hz": max_hz})
    snapshot = read_message(sock, reader, "snapshot")
    while snapshot.get("part", 1) < snapshot.get("parts", 1):
        snapshot = read_message(sock, reader, "snapshot")
    return snapshot


def main() -> None:
    """Read the plan from the command line, run it, print the outcome."""
    raise_file_limit()
    pin(DRIVER_CORE)
    viewers = Viewers(Plan(**orjson.loads(sys.argv[1])))
    viewers.connect()
    print(orjson.dumps(asdict(viewers.run())).decode("ascii"), flush=True)


if __name__ == "__main__":
    main()
