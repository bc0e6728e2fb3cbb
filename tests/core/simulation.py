"""Producers, a network that loses things, a server that crashes: one run of it, driven by a list of actions.

The server is the real core: `ProducerSession`, `judge_post`, `Fold` and the log record; only disk and sockets are
lists. A run ends with everything delivered, so that its KPI rows can be held against a model that saw each event once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from analytics import Batch, KpiSpec
from gateway.core.admission import Admitted
from gateway.core.catchup import catch_up
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.post import PostFate, judge_post
from gateway.core.producer import Arrival, ProducerSession
from gateway.core.record import Fence, encode_record
from gateway.wire import Limits
from tests.core.simulated_client import NOW, Client

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


def refold(fold: Fold, payload: bytes) -> int:
    """Fold one row of the log again, by itself; how many events it held."""
    return sum(catch_up(fold, [payload]))


@dataclass
class Group:
    """A commit group on its way to disk."""

    arrivals: list[Arrival]
    admitted: Admitted
    raises: list[tuple[Fence, Client, ProducerSession]]


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
    raises: list[tuple[Fence, Client, ProducerSession]] = field(default_factory=list)
    group: Group | None = None
    lose_acks: bool = False

    def step(self, action: str, who: int) -> None:
        client = self.clients[who % len(self.clients)]
        getattr(self, f"do_{action}")(client)

    def do_send(self, client: Client) -> None:
        """The next batch, if there is one."""
        if client.session is None:
            self.do_connect(client)
        elif client.welcomed and client.sent < len(client.batches):
            client.sent += 1
            self._deliver(client, client.sent)

    def do_resend(self, client: Client) -> None:
        """One that was sent before."""
        if client.session is not None and client.welcomed and client.sent:
            self._deliver(client, max(1, client.sent - 1))

    def do_skip(self, client: Client) -> None:
        """A batch gets lost on the way; what is behind it arrives."""
        if client.session is not None and client.welcomed and client.sent + 2 <= len(client.batches):
            self._deliver(client, client.sent + 2)

    def do_post(self, client: Client) -> None:
        """The oldest batch goes by HTTP."""
        self._post(client, client.acked + 1)

    def do_overtake(self, client: Client) -> None:
        """A post overtakes the one before it."""
        self._post(client, client.acked + 2)

    def do_forget(self, client: Client) -> None:
        """The table has no room for a producer that was not told yet that the server has anything of it."""
        row = self.fold.table.get(client.id)
        if row is not None and not row.busy and client.acked == 0 and client.epoch == 1 and client.session is None:
            del self.fold.table._rows[client.id]

    def do_raise(self, client: Client) -> None:
        """The client starts its numbers anew; only events with ids can be told from new ones then."""
        if all("uuid" in event for batch in client.batches[client.acked :] for event in batch):
            self.do_drop(client)
            client.batches = client.batches[client.acked :]
            client.acked = client.sent = 0
            client.epoch += 1

    def do_renew(self, client: Client) -> None:
        """It raises its epoch and says hello at once, as one that was forgotten does."""
        self.do_raise(client)
        self.do_connect(client)

    def do_zombie(self, client: Client) -> None:
        """A copy of the client with an older epoch says hello, and is refused, whatever happened since."""
        if client.told > 1:
            assert self.fold.table.claim(client.id, client.told - 1, 1) is None

    def do_write(self, client: Client) -> None:
        """The disk takes a group; the crash may come before it is applied."""
        if self.group is None and (self.pending or self.raises):
            self.group = Group(self.pending, self.fold.admit(self.pending), self.raises)
            self.log.append(encode_record(self.pending, [fence for fence, _, _ in self.raises]))
            self.pending, self.raises = [], []

    def do_apply(self, client: Client) -> None:
        """The group on disk is folded and acked."""
        if self.group is None:
            return
        group, self.group = self.group, None
        for _, client_, session in group.raises:
            session.producer.epoch_durable = True
            if client_.session is session:
                self._welcome(client_)
        if not group.arrivals:
            return
        self.fold.apply(group.arrivals, group.admitted, group.arrivals[-1].received_at)
        if self.lose_acks:
            return
        for arrival in group.arrivals:
            if arrival.session is None:
                next(c for c in self.clients if c.id == arrival.producer.id).hear_acked(arrival.epoch, arrival.seq)
        for owner in dict.fromkeys(a.producer.owner for a in group.arrivals if a.epoch == a.producer.epoch):
            if owner is not None and owner.epoch == owner.producer.epoch:
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
        claim = self.fold.table.claim(client.id, client.epoch, client.acked + 1)
        assert claim is not None
        assert claim.known or client.acked == 0, "a producer that was acked must be known"
        if claim.producer.owner is not None:
            claim.producer.owner.close()
        client.session = ProducerSession(claim.producer, self.pool, client, None, b"")
        claim.producer.owner = client.session
        client.welcomed = False
        if claim.producer.epoch_durable:
            self._welcome(client)
        else:
            fence = Fence(client.id, client.epoch, claim.producer.first_seq - 1)
            self.raises.append((fence, client, client.session))

    def _welcome(self, client: Client) -> None:
        assert client.session is not None
        client.welcomed, client.told = True, client.epoch
        client.acked = max(client.acked, client.session.producer.durable_seq)
        client.sent = client.acked

    def do_snapshot(self, client: Client) -> None:
        """Between two groups, as the server does it."""
        if self.group is None:
            self.stored = (len(self.log), self.fold.snapshot())

    def do_crash(self, client: Client) -> None:
        """Everything in memory is gone; the state comes back from snapshot and log."""
        self.pending, self.raises, self.group = [], [], None
        for each in self.clients:
            each.session = None
        self.pool = CreditPool(64 << 20)
        self.fold = new_fold()
        position = 0
        if self.stored is not None:
            position, blobs = self.stored
            self.fold.restore(blobs)
        for payload in self.log[position:]:
            refold(self.fold, payload)
        for each in self.clients:
            self.do_zombie(each)

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
        elif decision.again and not self.lose_acks:
            client.say(client.session.ack(0, 0))
        elif decision.close is not None:
            self.do_drop(client)

    def _post(self, client: Client, seq: int) -> None:
        if seq > len(client.batches):
            return
        fate, row = judge_post(self.fold.table, client.id, client.epoch, seq)
        assert fate is not PostFate.FENCED
        if fate is PostFate.APPLY:
            text = client.frame(seq)
            batch = self.fold.codec.batch(text)
            self.pending.append(
                Arrival(row, client.epoch, seq, batch.events, batch.verdicts, text, NOW, 0, None, b"", None)
            )
        elif fate is PostFate.REPEATED and not self.lose_acks:
            client.hear_acked(client.epoch, seq)

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

    def events(self) -> list[dict[str, Any]]:
        """All events of all clients, each id once."""
        sent = (event for client in self.clients for batch in client.everything for event in batch)
        return list({event.get("uuid", id(event)): event for event in sent}.values())

    def expected(self) -> dict[str, dict[tuple[Any, ...], Any]]:
        """The same from the events themselves, each id once, by brute force."""
        events = self.events()
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
