"""Producers, a network that loses things, a server that crashes: one run of it, driven by a list of actions.

The server is the real core: `ProducerSession`, `Fold` and the log record; only disk and sockets are lists. A run ends
with everything delivered, so that its KPI rows can be held against a model that saw each event once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from analytics import Batch, KpiSpec
from gateway.core.admission import Admitted
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.producer import Arrival, ProducerSession
from gateway.core.record import encode_record
from gateway.wire import Limits, ServerMessage
from gateway.wire.replies import Ack

NOW = 1_795_334_400_000
LIMITS = Limits(262_144, 500, 16)
SPECS = KpiSpec.parse(
    """
[[kpi]]
name = "events"
value = "count(*)"
window = "tumbling 1s"
grace = "1h"

[[kpi]]
name = "value_by_country"
value = "sum(value)"
by = ["country"]
window = "tumbling 10s"
grace = "1h"

[[kpi]]
name = "users"
value = "uniq(distinct_id)"
window = "sliding 10s every 5s"
grace = "1h"
"""
)


def new_fold() -> Fold:
    return Fold(SPECS, LIMITS, 65_536, producers=1_000, uuids=10_000, memory_budget=512 << 20)


@dataclass
class Client:
    """A producer that keeps what is not acked, and resends from there after each welcome."""

    id: str
    batches: list[list[dict[str, Any]]]
    acked: int = 0
    sent: int = 0
    session: ProducerSession | None = None

    def say(self, message: ServerMessage) -> None:
        """What reaches the client."""
        if isinstance(message, Ack):
            assert message.seq <= len(self.batches)
            self.acked = max(self.acked, message.seq)

    def end(self, code: int) -> None:
        """The server closes."""
        self.session = None

    def frame(self, seq: int) -> bytes:
        return orjson.dumps({"type": "batch", "seq": seq, "backlog": 1, "events": self.batches[seq - 1]})


@dataclass
class World:
    """The server, its disk and its clients. `step` takes (action, client number)."""

    clients: list[Client]
    fold: Fold = field(default_factory=new_fold)
    pool: CreditPool = field(default_factory=lambda: CreditPool(64 << 20))
    # What is on disk: the log, and the newest snapshot with its position.
    log: list[bytes] = field(default_factory=list)
    stored: tuple[int, dict[str, bytes]] | None = None
    # Received and not yet on disk; on its way to disk.
    pending: list[Arrival] = field(default_factory=list)
    group: tuple[list[Arrival], Admitted] | None = None
    lose_acks: bool = False

    def step(self, action: str, who: int) -> None:
        client = self.clients[who % len(self.clients)]
        getattr(self, f"do_{action}")(client)

    def do_send(self, client: Client) -> None:
        """The next batch, if there is one."""
        if client.session is None:
            self.do_connect(client)
        elif client.sent < len(client.batches):
            client.sent += 1
            self._deliver(client, client.sent)

    def do_resend(self, client: Client) -> None:
        """One that was sent before."""
        if client.session is not None and client.sent:
            self._deliver(client, max(1, client.sent - 1))

    def do_skip(self, client: Client) -> None:
        """A batch gets lost on the way; what is behind it arrives."""
        if client.session is not None and client.sent + 2 <= len(client.batches):
            self._deliver(client, client.sent + 2)

    def do_write(self, client: Client) -> None:
        """The disk takes a group; the crash may come before it is applied."""
        if self.group is None and self.pending:
            group, self.pending = self.pending, []
            self.group = (group, self.fold.admit(group))
            self.log.append(encode_record(group))

    def do_apply(self, client: Client) -> None:
        """The group on disk is folded and acked."""
        if self.group is None:
            return
        group, admitted = self.group
        self.group = None
        self.fold.apply(group, admitted, group[-1].received_at)
        for owner in dict.fromkeys(a.producer.owner for a in group):
            if owner is not None and not self.lose_acks:
                owner.peer.say(owner.ack(0, 0))

    def do_lose(self, client: Client) -> None:
        """Acks get lost from now on, or no longer."""
        self.lose_acks = not self.lose_acks

    def do_drop(self, client: Client) -> None:
        """The connection breaks."""
        if client.session is not None:
            client.session.close()
            client.session = None

    def do_connect(self, client: Client) -> None:
        """Hello, perhaps while an older connection is open, which is fenced."""
        claim = self.fold.table.claim(client.id, 1, client.acked + 1)
        assert claim is not None
        assert claim.known or client.acked == 0, "a producer that was acked must be known"
        if claim.producer.owner is not None:
            claim.producer.owner.close()
        client.session = ProducerSession(claim.producer, self.pool, client, None, b"")
        claim.producer.owner = client.session
        client.acked = max(client.acked, claim.producer.durable_seq)
        client.sent = client.acked

    def do_snapshot(self, client: Client) -> None:
        """Between two groups, as the server does it."""
        if self.group is None:
            self.stored = (len(self.log), self.fold.snapshot())

    def do_crash(self, client: Client) -> None:
        """Everything in memory is gone; the state comes back from snapshot and log."""
        self.pending, self.group = [], None
        for each in self.clients:
            each.session = None
        self.pool = CreditPool(64 << 20)
        self.fold = new_fold()
        position = 0
        if self.stored is not None:
            position, blobs = self.stored
            self.fold.restore(blobs)
        for payload in self.log[position:]:
            self.fold.replay(payload)

    def finish(self) -> None:
        """The network heals: everything is delivered and applied."""
        self.lose_acks = False
        for client in self.clients:
            while client.acked < len(client.batches):
                self.do_connect(client)
                for _ in range(4):
                    self.do_send(client)
                for _ in range(2):
                    self.do_write(client)
                    self.do_apply(client)

    def _deliver(self, client: Client, seq: int) -> None:
        assert client.session is not None
        batch = self.fold.codec.batch(client.frame(seq))
        decision = client.session.receive(batch, len(batch.text), NOW)
        if decision.arrival is not None:
            self.pending.append(decision.arrival)
        elif decision.answer is not None and not self.lose_acks:
            client.say(decision.answer)
        elif decision.close is not None:
            self.do_drop(client)

    # ---- what must come out ---------------------------------------------------------------------------------------

    def rows(self) -> dict[str, dict[tuple[Any, ...], Any]]:
        """KPI -> (dims.., start) -> value. A late event of another source closes all windows before it."""
        engine = self.fold.engine
        engine.ingest(Batch.from_events([{"event": "end", "timestamp": NOW + 60_000}], "end"), NOW + 20_000)
        engine.advance(NOW + 20_000)
        return {
            spec.name: {
                (*row.dims.values(), row.start): row.value
                for row in engine.rows(spec.name, 0, NOW + 10_000)
                if row.kind in ("final", "correction")
            }
            for spec in SPECS
        }

    def expected(self) -> dict[str, dict[tuple[Any, ...], Any]]:
        """The same from the events themselves, each id once, by brute force."""
        sent = (event for client in self.clients for batch in client.batches for event in batch)
        events = list({event.get("uuid", id(event)): event for event in sent}.values())
        counts: Counter[tuple[Any, ...]] = Counter()
        values: Counter[tuple[Any, ...]] = Counter()
        users: dict[tuple[Any, ...], set[str]] = {}
        for event in events:
            at = event["timestamp"]
            counts[(at // 1_000 * 1_000,)] += 1
            values[(event["properties"]["country"], at // 10_000 * 10_000)] += event["properties"]["value"]
            for start in range(at // 5_000 * 5_000 - 5_000, at // 5_000 * 5_000 + 1, 5_000):
                users.setdefault((start,), set()).add(event["distinct_id"])
        return {
            "events": dict(counts),
            "value_by_country": dict(values),
            "users": {key: len(names) for key, names in users.items()},
        }
