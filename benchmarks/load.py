"""The producers' side of a benchmark, as its own process: many connections, a fixed number of batches in flight.

    python -m benchmarks.load '{"port": 8080, "pids": [123], ...}'      # the fields of `Plan`

It prints one JSON object, the fields of `Outcome`. The clock of the server's process is read here, at the same
instants as the acknowledged events are counted, so that the two belong together.
"""

from __future__ import annotations

import gc
import math
import re
import select
import socket
import sys
import time
import uuid
from collections import deque
from dataclasses import asdict, dataclass, field

import orjson

from benchmarks.machine import DRIVER_CORE, cpu_seconds, pin
from benchmarks.traffic import BATCH_EVENTS, FIRST_SEQ, FramePool, make_pool, masked_frame
from benchmarks.wire import ClosedError, FrameReader, open_socket, read_message, say

__all__ = ["Load", "Outcome", "Plan", "Producer"]

_ACK = re.compile(
    rb'\{"type":"ack","seq":(\d+),"credit":\{"max_seq":(\d+),"max_bytes":(\d+)\},"level":\d,"flush_ms":\d+\}'
)
# How often the pool gets new timestamps; half a window of the board would be too coarse, each frame too dear.
_RESTAMP_S = 0.1
_DRAIN_S = 20.0


@dataclass(frozen=True)
class Plan:
    """What to send. Without `batches` it sends for `warm_s`, then for `measure_s`; with it, exactly so many."""

    port: int
    pids: list[int]
    token: str
    connections: int = 100
    window: int = 4
    warm_s: float = 1.0
    measure_s: float = 4.0
    batches: int | None = None
    # Events per second in all; None is as fast as acks allow.
    rate: float | None = None
    # `bare` counts answers instead of reading them: the bare limit knows no protocol.
    bare: bool = False
    # How batches are written; see `FramePool`.
    form: str = "rows"
    pool: int = 512
    seed: int = 1


@dataclass
class Outcome:
    """What was sent and what came back. Seconds and events are those of the measured part; `sent` covers all."""

    events: int = 0
    wall_s: float = 0.0
    # From the first batch to the last, warm-up included.
    sending_s: float = 0.0
    server_cpu_s: float = 0.0
    # The same of each process by itself.
    each_cpu_s: list[float] = field(default_factory=list)
    driver_cpu_s: float = 0.0
    # Verdicts by `outcome:reason`; empty when every event was plainly accepted.
    verdicts: dict[str, int] = field(default_factory=dict)
    # Runs of batches under one stamp: [epoch ms, number of the first batch, number after the last].
    sent: list[list[int]] = field(default_factory=list)


class Producer:
    """One connection's state: what it sent, what is acknowledged, how far credit goes."""

    __slots__ = ("acked", "max_bytes", "max_seq", "next_seq", "reader", "sent_bytes", "sock", "waiting")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.reader = FrameReader()
        self.next_seq = FIRST_SEQ
        # Highest sequence number that is acknowledged; all before it are too.
        self.acked = FIRST_SEQ - 1
        # Absolute limits of credit; without a protocol there is none, and the window is the only limit.
        self.max_seq = sys.maxsize
        self.max_bytes = sys.maxsize
        # Payload bytes of batches sent, which is what `max_bytes` limits.
        self.sent_bytes = 0
        # True while it stands in the queue of a paced load.
        self.waiting = False

    def hello(self, token: str) -> None:
        """Open as a producer and take the credit of `welcome`."""
        say(self.sock, {
            "type": "hello", "v": 1, "role": "producer", "token": token,
            "producer": {"id": str(uuid.uuid4()), "epoch": 1, "next_seq": FIRST_SEQ},
            "sdk": {"name": "benchmark", "version": "1"},
            "defaults": {"distinct_id": "u0", "session_id": "s0", "properties": {}},
        })  # fmt: skip
        credit = read_message(self.sock, self.reader, "welcome")["credit"]
        self.max_seq, self.max_bytes = credit["max_seq"], credit["max_bytes"]


class Load:
    """Drives the producers in one thread over epoll; nothing is allocated per event."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.pool = FramePool(make_pool(plan.pool, plan.seed), plan.form)
        self.outcome = Outcome()
        self.producers: dict[int, Producer] = {}
        self.acked_batches = 0
        self._number = 0
        self._run_start = 0
        self._epoll = select.epoll()
        self._queue: deque[Producer] = deque()
        self._limit: float = plan.batches if plan.batches is not None else sys.maxsize
        self._stamped = 0
        self._began = 0.0
        self._marks: tuple[int, float, list[float], float] | None = None

    def connect(self) -> None:
        """Open every connection, and register it once it may send."""
        for _ in range(self.plan.connections):
            producer = Producer(open_socket(self.plan.port))
            if not self.plan.bare:
                producer.hello(self.plan.token)
            producer.sock.setblocking(False)
            self.producers[producer.sock.fileno()] = producer
            self._epoll.register(producer.sock.fileno(), select.EPOLLIN)

    def run(self) -> Outcome:
        """Send, measure, stop, wait until all is acknowledged.

        Raises:
            ClosedError: the server ended a connection, refused a batch or did not acknowledge in time.
        """
        gc.disable()
        plan = self.plan
        self._began = now = time.perf_counter()
        warm, stop, restamp = now + plan.warm_s, math.inf, now + _RESTAMP_S
        self._restamp()
        for producer in self.producers.values():
            self._send(producer)
        while True:
            self._turn()
            now = time.perf_counter()
            if now >= restamp:
                self._restamp()
                restamp = now + _RESTAMP_S
            if plan.batches is not None:
                if self._number >= plan.batches and self._drained():
                    break
            elif self._marks is None and now >= warm:
                self._mark(now)
                stop = now + plan.measure_s
            elif now >= stop:
                self._settle(now)
                break
        self.outcome.sending_s = now - self._began
        self._finish()
        return self.outcome

    def _turn(self) -> None:
        """One look at the sockets: read acks, send what they allow."""
        for fd, _ in self._epoll.poll(0.001 if self.plan.rate else 1.0):
            producer = self.producers[fd]
            data = producer.sock.recv(16_384)
            if not data:
                raise ClosedError("the server ended a connection")
            payloads = producer.reader.feed(data)
            if self.plan.bare:
                producer.acked += len(payloads)
                self.acked_batches += len(payloads)
            else:
                for payload in payloads:
                    self._acknowledge(producer, payload)
                self._pong(producer)
            self._send(producer)
        if self._queue:
            for _ in range(len(self._queue)):
                producer = self._queue.popleft()
                producer.waiting = False
                self._send(producer)

    def _send(self, producer: Producer) -> None:
        """Send as many batches as window, credit and pace allow, in one system call."""
        seq = producer.next_seq
        last = min(producer.acked + self.plan.window, producer.max_seq)
        if seq > last:
            return
        limit = self._limit
        if self.plan.rate:
            limit = min(limit, (time.perf_counter() - self._began) * self.plan.rate / BATCH_EVENTS)
        pool, size, parts = self.pool, len(self.pool), []
        while seq <= last and self._number < limit:
            index = self._number % size
            payload_bytes = pool.payload_bytes[index]
            if producer.sent_bytes + payload_bytes > producer.max_bytes:
                break
            producer.sent_bytes += payload_bytes
            parts.append(pool.frame(index, seq))
            self._number += 1
            seq += 1
        if parts:
            producer.next_seq = seq
            # The send buffer holds a whole window many times over, so a short write means a broken set-up.
            if producer.sock.sendmsg(parts) != sum(map(len, parts)):
                raise ClosedError("the send buffer is smaller than a window")
        if seq <= last and self._number < self._limit and not producer.waiting and self.plan.rate:
            producer.waiting = True
            self._queue.append(producer)

    def _acknowledge(self, producer: Producer, payload: bytes) -> None:
        match = _ACK.fullmatch(payload)
        if match:
            self._advance(producer, int(match[1]), int(match[2]), int(match[3]))
            return
        message = orjson.loads(payload)
        for one in message if isinstance(message, list) else [message]:
            kind = one["type"]
            if kind == "ack":
                self._advance(producer, one["seq"], one["credit"]["max_seq"], one["credit"]["max_bytes"])
                for _, _, outcome, reason in one.get("verdicts", ()):
                    name = f"{outcome}:{reason}"
                    self.outcome.verdicts[name] = self.outcome.verdicts.get(name, 0) + 1
            elif kind == "ping":
                answer = {"type": "pong", "now": one["now"], "sent": time.time_ns() // 1_000_000}
                producer.reader.pongs.append(masked_frame(orjson.dumps(answer)))
            elif kind not in ("push", "notice"):
                raise ClosedError(f"unexpected message {payload[:200]!r}")

    def _advance(self, producer: Producer, seq: int, max_seq: int, max_bytes: int) -> None:
        self.acked_batches += max(0, seq - producer.acked)
        producer.acked = max(producer.acked, seq)
        producer.max_seq = max(producer.max_seq, max_seq)
        producer.max_bytes = max(producer.max_bytes, max_bytes)

    def _pong(self, producer: Producer) -> None:
        if producer.reader.pongs:
            producer.sock.sendall(b"".join(producer.reader.pongs))
            producer.reader.pongs.clear()

    def _restamp(self) -> None:
        """Give the pool the current time and note which batches went out under the last one."""
        if self._number > self._run_start:
            self.outcome.sent.append([self._stamped, self._run_start, self._number])
        self._run_start = self._number
        self._stamped = time.time_ns() // 1_000_000
        self.pool.stamp(self._stamped)

    def _drained(self) -> bool:
        return all(producer.acked == producer.next_seq - 1 for producer in self.producers.values())

    def _cpu(self) -> list[float]:
        return [cpu_seconds([pid]) for pid in self.plan.pids]

    def _mark(self, now: float) -> None:
        """Start of the measured part."""
        self._marks = (self.acked_batches, now, self._cpu(), time.process_time())

    def _settle(self, now: float) -> None:
        """End of the measured part: count, then send nothing more and wait for the last acks."""
        assert self._marks is not None
        batches, began, server, driver = self._marks
        self.outcome.events = (self.acked_batches - batches) * BATCH_EVENTS
        self.outcome.wall_s = now - began
        self.outcome.each_cpu_s = [after - before for after, before in zip(self._cpu(), server, strict=True)]
        self.outcome.server_cpu_s = sum(self.outcome.each_cpu_s)
        self.outcome.driver_cpu_s = time.process_time() - driver
        self._limit = self._number
        deadline = time.perf_counter() + _DRAIN_S
        while not self._drained():
            self._turn()
            if time.perf_counter() > deadline:
                raise ClosedError(f"batches stayed without an ack for {_DRAIN_S:.0f} s")

    def _finish(self) -> None:
        if self._number > self._run_start:
            self.outcome.sent.append([self._stamped, self._run_start, self._number])
        for producer in self.producers.values():
            producer.sock.close()
        self._epoll.close()


def main() -> None:
    """Read the plan from the command line, run it, print the outcome."""
    pin(DRIVER_CORE)
    load = Load(Plan(**orjson.loads(sys.argv[1])))
    load.connect()
    print(orjson.dumps(asdict(load.run())).decode("ascii"), flush=True)


if __name__ == "__main__":
    main()
