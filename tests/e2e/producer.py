"""A producer that knows what it sent and what was acked, over all its connections; and the KPIs that count it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess

__all__ = ["EVENTS", "KPIS", "Producer", "assert_none_lost", "check_counts"]

EVENTS = 20
"""In a batch."""

KPIS = """
[[kpi]]
name = "events"
value = "count(*)"
window = "tumbling 1h"
grace = "24h"

[[kpi]]
name = "by_producer"
value = "sum(value)"
by = ["producer"]
window = "tumbling 1h"
grace = "24h"
"""


class Producer:
    """Sends batches as fast as credit allows and keeps what is not acked; reconnects at once.

    Args:
        name: its id, and the property `producer` of its events.
        patience: seconds without a message after which it drops a connection; None: it waits.
        most: batches that it sends in all.
        packed: it speaks MessagePack.
    """

    def __init__(
        self, name: str, patience: float | None = None, most: int | None = None, *, packed: bool = False
    ) -> None:
        self.name = name
        self.sent = 0
        self.acked = 0
        self.stopping = False
        # When each of its connections was welcomed, by the monotonic clock, and the codes they were closed with.
        self.welcomed: list[float] = []
        self.closes: list[tuple[float, int | None]] = []
        # The `in_ms` of each `drain` it was told.
        self.drains: list[int] = []
        # Connections that it dropped itself.
        self.dropped = 0
        # Welcomes that knew less than was acked: each would be a loss.
        self.losses: list[tuple[int, int]] = []
        # Welcomes as one that was never met, though it had batches acked.
        self.forgotten = 0
        self._patience = patience
        self._most = most
        self._subprotocol = "tidegate.v1+msgpack" if packed else "tidegate.v1"
        self._encode: Callable[[Any], str | bytes] = msgspec.msgpack.encode if packed else json.dumps
        self._decode: Callable[[Any], Any] = msgspec.msgpack.decode if packed else json.loads

    def batch(self, seq: int) -> dict[str, Any]:
        """A batch."""
        stamp = time.time_ns() // 1_000_000
        events = [
            {
                "event": "x",
                "uuid": f"{self.name}-{seq}-{nth}",
                "timestamp": stamp,
                "properties": {"producer": self.name, "value": 1},
            }
            for nth in range(EVENTS)
        ]
        return {"type": "batch", "seq": seq, "sent_at": stamp, "backlog": 9, "events": events}

    async def run(self, gateway: GatewayProcess) -> None:
        """Until stopped and everything sent is acked."""
        while not (self.stopping and self.acked == self.sent):
            try:
                socket = await connect(
                    gateway.ws_url, subprotocols=[Subprotocol(self._subprotocol)], compression=None, proxy=None
                )
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(0.01)
                continue
            try:
                await self.converse(socket)
            except ConnectionClosed:
                self.closes.append((time.monotonic(), socket.close_code))
            except TimeoutError:
                self.dropped += 1
            finally:
                socket.transport.abort()

    async def converse(self, socket: ClientConnection) -> None:
        """One connection."""
        claim = {"id": self.name, "epoch": 1, "next_seq": self.acked + 1}
        hello = {"type": "hello", "v": 1, "role": "producer", "token": WRITE_KEY, "producer": claim}
        await socket.send(self._encode(hello))
        welcome = await self._hear(socket)
        self.welcomed.append(time.monotonic())
        last: int = welcome["resume"]["last_seq"]
        if last < self.acked:
            self.losses.append((self.acked, last))
        self.forgotten += self.acked > 0 and not welcome["resume"]["known"]
        self.acked = next_seq = max(self.acked, last)
        max_seq: int = welcome["credit"]["max_seq"]
        while True:
            while next_seq < max_seq and (next_seq < self.sent or self._has_more):
                next_seq += 1
                self.sent = max(self.sent, next_seq)
                await socket.send(self._encode(self.batch(next_seq)))
            if self.stopping and self.acked == self.sent:
                return
            message = await self._hear(socket)
            if message["type"] == "ack":
                self.acked = max(self.acked, message["seq"])
                max_seq = message["credit"]["max_seq"]
            elif message["type"] == "drain":
                self.drains.append(message["in_ms"])

    @property
    def _has_more(self) -> bool:
        return not self.stopping and (self._most is None or self.sent < self._most)

    async def _hear(self, socket: ClientConnection) -> dict[str, Any]:
        async with asyncio.timeout(self._patience):
            message: dict[str, Any] = self._decode(await socket.recv())
            return message


def assert_none_lost(producers: Sequence[Producer]) -> None:
    """No welcome knew less than was acked."""
    assert [producer.losses for producer in producers] == [[]] * len(producers)


def check_counts(gateway: GatewayProcess, producers: Sequence[Producer]) -> None:
    """Nothing acked was lost, nothing counted twice: the ledger and the KPIs say exactly what was sent."""
    assert_none_lost(producers)
    sent = {producer.name: producer.sent * EVENTS for producer in producers}
    ledger = gateway.status()["ledger"]
    assert (ledger["sent"], ledger["accepted"]) == (sum(sent.values()), sum(sent.values()))
    counted: dict[str, int] = {}
    for row in gateway.rows("by_producer"):
        name = row["dims"]["producer"]
        counted[name] = counted.get(name, 0) + row["value"]
    assert counted == sent
    assert sum(row["value"] for row in gateway.rows("events")) == sum(sent.values())
