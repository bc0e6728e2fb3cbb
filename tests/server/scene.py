"""An ingest whose disk is in the test's hand, and one producer."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from analytics import KpiSpec
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.producer import ProducerSession
from gateway.server.ingest import Ingest
from gateway.server.metrics import Metrics
from gateway.wire import Limits, ServerMessage
from gateway.wire.replies import Ack
from tests.server.heldlog import HeldLog
from tests.server.serving import KPIS, until

NOW = 1_795_334_400_000


class Peer:
    """Collects acks."""

    def __init__(self) -> None:
        self.acks: list[Ack] = []

    def say(self, message: ServerMessage) -> None:
        assert isinstance(message, Ack)
        self.acks.append(message)

    def end(self, code: int) -> None:
        raise AssertionError(code)


class Scene:
    """An ingest with one producer."""

    def __init__(self, snapshot_ms: int = 10**9, pool: int = 64 << 20) -> None:
        self.now = NOW
        self.log = HeldLog()
        self.failures: list[Exception] = []
        self.fold = Fold(KpiSpec.parse(KPIS), Limits(262_144, 500, 16), 65_536, 100, 100, 512 << 20)
        self.pool = CreditPool(pool)
        self.ingest = Ingest(
            asyncio.get_running_loop(),
            self.log,  # type: ignore[arg-type]  # stands in for the event log
            self.fold,
            self.pool,
            Metrics(),
            lambda: self.now,
            self.failures.append,
            snapshot_ms,
        )
        self.peer = Peer()
        self.session = self.welcomed("p", 1, self.peer)

    def welcomed(self, producer: str, epoch: int, peer: Peer) -> ProducerSession:
        """A connection of a producer that said hello."""
        claim = self.fold.table.claim(producer, epoch, 1)
        assert claim is not None
        session = ProducerSession(claim.producer, self.pool, peer, None, b"")
        claim.producer.owner = session
        self.ingest.join(session)
        return session

    def send(self, seq: int, *events: dict[str, Any]) -> None:
        """A batch arrives on the socket."""
        text = orjson.dumps({"type": "batch", "seq": seq, "events": events or [{"event": "x"}]})
        decision = self.session.receive(self.fold.codec.batch(text), len(text), self.now)
        if decision.again:
            self.ingest.acks.again(self.session)
        else:
            assert decision.arrival is not None
            self.ingest.submit(decision.arrival)

    async def written(self, count: int = 1) -> None:
        """Wait until the log has been handed `count` groups."""
        await until(lambda: len(self.log.waiting) >= count)

    @property
    def accepted(self) -> int:
        return self.fold.ledger.accepted
