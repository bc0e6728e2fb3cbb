"""The backlog loses nothing, and accounts for everything it gives up."""

from __future__ import annotations

from typing import Any

from client_sdk.python.actions import Verdict
from client_sdk.python.backlog import Backlog
from client_sdk.python.event import Event
from client_sdk.python.journal import Added, Gone, Raised, Saved, Sealed, Settled


def backlog(**options: Any) -> Backlog:
    return Backlog(Saved("p"), **options)


def event(uuid: str, name: str = "e") -> Event:
    return Event(uuid, name, b'{"event":"e"}')


def test_the_oldest_give_way_when_full() -> None:
    """Beyond the cap the oldest events are returned as expired and counted."""
    kept = backlog(max_events=2)
    assert kept.add(event("a"), 0) == []
    assert kept.add(event("b"), 0) == []
    assert kept.add(event("c"), 0) == [Verdict("a", "expired", "queue_full")]
    assert kept.ledger() == (3, 0, 0, 0, 1, 2)


def test_bytes_are_capped_too() -> None:
    """The second cap counts payload bytes."""
    kept = backlog(max_bytes=30)
    for uuid in "abc":
        kept.add(event(uuid), 0)
    assert kept.ledger() == (3, 0, 0, 0, 1, 2)


def test_shedding_takes_low_priority_alone() -> None:
    """`shed` empties the queue of low-priority events; while shedding, new ones do not get in."""
    kept = backlog(low_priority={"scroll"})
    kept.add(event("a", "scroll"), 0)
    kept.add(event("b"), 0)
    assert kept.shed() == [Verdict("a", "expired", "shed")]
    assert kept.add(event("c", "scroll"), 0, shedding=True) == [Verdict("c", "expired", "shed")]
    assert kept.add(event("d"), 0, shedding=True) == []
    assert kept.ledger() == (4, 0, 0, 0, 2, 2)


def test_an_ack_is_cumulative() -> None:
    """Settling a number settles all below it, and tells verdicts by uuid."""
    kept = backlog()
    for uuid in "abc":
        kept.add(event(uuid), 0)
        kept.seal(0, 50, 1_000, 50)
    told = kept.settle(2, [(1, 0, "drop", "late"), (2, 0, "duplicate", "uuid"), (3, 0, "drop", "not yet")])
    assert told == [Verdict("a", "drop", "late"), Verdict("b", "duplicate", "uuid")]
    assert kept.ledger() == (3, 0, 1, 1, 0, 1)
    assert (kept.lowest_seq, kept.next_seq) == (3, 4)


def test_two_verdicts_on_an_event_count_once() -> None:
    """A warning beside a drop does not make it two events; drop wins over duplicate; odd indexes are ignored."""
    kept = backlog()
    kept.add(event("a"), 0)
    kept.seal(0, 50, 1_000, 50)
    verdicts = [(1, 0, "warn", "clamped"), (1, 0, "drop", "late"), (1, 0, "duplicate", "uuid"), (1, 7, "drop", "late")]
    assert [verdict.outcome for verdict in kept.settle(1, verdicts)] == ["warn", "drop", "duplicate"]
    assert kept.ledger() == (1, 0, 0, 1, 0, 0)


def test_an_old_ack_changes_nothing() -> None:
    """An ack below everything under way settles nothing, and does not make the producer known."""
    kept = backlog()
    kept.add(event("a"), 0)
    kept.seal(0, 50, 1_000, 50)
    assert kept.settle(0) == []
    assert kept.acked is False
    assert kept.ledger().pending == 1


def test_a_new_epoch_keeps_order_and_uuids() -> None:
    """Events under way go before those that were queued later, and the numbers begin at 1."""
    kept = backlog()
    for uuid in "abcd":
        kept.add(event(uuid), 0)
    kept.seal(0, 2, 1_000, 50)
    kept.seal(0, 1, 1_000, 50)
    kept.raise_epoch()
    batch = kept.seal(0, 50, 1_000, 50)
    assert batch is not None
    assert (kept.epoch, batch.seq) == (2, 1)
    assert "".join(queued.uuid for queued in batch.events) == "abcd"


def test_settled_follows_the_oldest_event() -> None:
    """An ordinal is settled when nothing up to it is queued or under way."""
    kept = backlog()
    assert kept.settled(0)
    for uuid in "ab":
        kept.add(event(uuid), 0)
    kept.seal(0, 1, 1_000, 50)
    assert not kept.settled(1)
    kept.settle(1)
    assert kept.settled(1)
    assert not kept.settled(2)


def test_the_journal_tells_what_happened() -> None:
    """Every change of what must be remembered is one record, in order, given out once."""
    kept = backlog(journaling=True, max_events=2)
    for uuid in "abc":
        kept.add(event(uuid), 0)
    batch = kept.seal(0, 1, 1_000, 50)
    assert batch is not None
    kept.settle(1)
    kept.raise_epoch()
    journal = kept.take_journal()
    assert [type(record) for record in journal] == [Added, Added, Added, Gone, Sealed, Settled, Raised]
    assert journal[3:] == [Gone((1,)), Sealed(batch), Settled(1), Raised(2)]
    assert kept.take_journal() == []


def test_without_a_spool_no_journal_grows() -> None:
    """A backlog that nobody writes down keeps no records."""
    kept = backlog()
    kept.add(event("a"), 0)
    assert kept.take_journal() == []
