"""A producer connection: order, gaps, overruns, acks."""

from __future__ import annotations

from gateway.core.credit import CreditPool
from gateway.core.producer import Decision, ProducerSession
from gateway.core.producers import Producer
from gateway.wire import Batch
from gateway.wire.columns import Columns
from gateway.wire.replies import Nack, ServerMessage, WarnMessage


class FakePeer:
    """Collects what is said."""

    def __init__(self) -> None:
        self.said: list[ServerMessage] = []
        self.ended: list[int] = []

    def say(self, message: ServerMessage) -> None:
        self.said.append(message)

    def end(self, code: int) -> None:
        self.ended.append(code)


NOTHING = Columns(0, 0, (), None, ())


def session_of(producer: Producer | None = None, pool: CreditPool | None = None) -> ProducerSession:
    producer = producer or Producer("p", 1, 0)
    session = ProducerSession(producer, pool or CreditPool(64 << 20), FakePeer(), None, b"")
    producer.owner = session
    return session


def batch(seq: int, backlog: int = 0) -> Batch:
    return Batch(seq, backlog, NOTHING, None, b"x" * 100)


def receive(session: ProducerSession, seq: int, size: int = 100) -> Decision:
    return session.receive(batch(seq), size, now=1_000)


def test_the_next_batch_is_an_arrival() -> None:
    """In order: to be written; it is received but not durable."""
    session = session_of()
    decision = receive(session, 1)
    assert decision.arrival is not None
    assert (session.producer.received_seq, session.producer.durable_seq) == (1, 0)


def test_a_batch_on_disk_is_acked_again() -> None:
    """A resend is success; the ack that is owed has the cumulative sequence, and the bytes are free again."""
    pool = CreditPool(64 << 20)
    session = session_of(Producer("p", 1, 7), pool)
    before = pool.outstanding
    assert receive(session, 5) == receive(session, 6) == Decision(again=True)
    assert pool.outstanding == before - 200
    assert session.ack(0, 0).seq == 7


def test_a_batch_on_its_way_is_not_acked_early() -> None:
    """Received twice before it is on disk: no answer, the ack of its group will come."""
    session = session_of()
    receive(session, 1)
    assert receive(session, 1) == Decision()


def test_a_gap_brings_one_nack() -> None:
    """Batches behind the gap are ignored until it is filled; a new gap brings a new nack."""
    session = session_of()
    assert receive(session, 3).answer == Nack(1)
    assert receive(session, 4) == Decision()
    assert receive(session, 1).arrival is not None
    assert receive(session, 3).answer == Nack(2)


def test_an_overrun_brings_a_warning_then_the_end() -> None:
    """Judged before the gap: beyond the window is beyond the window."""
    session = session_of()
    assert receive(session, 5).answer == WarnMessage("over_credit", 5)
    assert receive(session, 1).arrival is not None
    assert receive(session, 9).close == 4101


def test_bytes_count_whatever_their_fate() -> None:
    """Batches behind a gap use credit up too; what was used up comes back with a top-up."""
    session = session_of(Producer("p", 1, 3))
    receive(session, 6, size=200_000)
    assert receive(session, 4, size=62_144).arrival is not None
    assert receive(session, 5, size=1).answer == WarnMessage("over_credit", 5)
    assert session.starved
    assert session.top_up(0)
    assert receive(session, 5, size=1).arrival is not None


def test_credit_comes_with_the_ack() -> None:
    """What is on disk frees its bytes; who has a backlog gets a wider window."""
    pool = CreditPool(64 << 20)
    session = session_of(pool=pool)
    session.receive(batch(1, backlog=10), 1_000, now=0)
    session.producer.durable_seq = 1
    session.settled(1_000)
    ack = session.ack(0, 0)
    assert (ack.seq, ack.credit) == (1, (1 + 8, 1_000 + 524_288))
    assert pool.outstanding == 524_288


def test_a_hold_waits() -> None:
    """Level 3: same credit, a time to wait, and the session remembers that it must be told when it ends."""
    session = session_of()
    ack = session.ack(3, 1_500)
    assert (ack.level, ack.wait_ms, ack.credit.max_seq, session.held, session.starved) == (3, 1_500, 4, True, True)
    assert session.ack(0, 1_500).wait_ms == 0
    assert not session.held


def test_a_raised_epoch_ends_the_older_connection() -> None:
    """Another path raised the producer's epoch: this connection may write no more."""
    session = session_of()
    session.producer.epoch = 2
    assert receive(session, 1).close == 4009


def test_closing_frees_the_producer_once() -> None:
    """A fenced session must not take the newer one's place away."""
    older = session_of()
    newer = ProducerSession(older.producer, CreditPool(1 << 20), FakePeer(), None, b"")
    older.producer.owner = newer
    older.close()
    assert older.producer.owner is newer
    newer.close()
    assert older.producer.owner is None
