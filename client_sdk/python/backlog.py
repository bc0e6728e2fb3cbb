"""The durable half of a producer: events queued, batches under way, identity and ledger. It knows no connection.

Law: an event leaves only by a verdict of the server or by being counted as expired. A batch keeps its number, its
events and its bytes until an *ack* takes it; a resend is therefore always safe, and nothing but an ack counts as
one (a `welcome` says what the server has seen, not what is durable).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable

from client_sdk.python.actions import Verdict
from client_sdk.python.batch import ENVELOPE, Batch, Queued
from client_sdk.python.event import Event
from client_sdk.python.eventqueue import EventQueue
from client_sdk.python.journal import Added, Gone, Raised, Record, Saved, Sealed, Settled
from client_sdk.python.ledger import Ledger

__all__ = ["LOW_PRIORITY", "Backlog"]

LOW_PRIORITY = frozenset({"$autocapture", "$rageclick", "$web_vitals", "$pageleave"})
"""Names of events that are dropped, and counted, while the server asks to shed."""


class Backlog:
    """Everything that must outlive a connection, and with a spool the process."""

    def __init__(
        self,
        saved: Saved,
        *,
        max_events: int = 10_000,
        max_bytes: int = 16 << 20,
        low_priority: Collection[str] = LOW_PRIORITY,
        journaling: bool = False,
    ) -> None:
        self.producer_id = saved.producer_id
        self.epoch = saved.epoch
        # The number of the next batch to be sealed.
        self.next_seq = saved.next_seq
        # True when the server acknowledged a batch of this epoch: from then on it must know this producer.
        self.acked = saved.acked
        # Sealed and not acknowledged, with consecutive numbers.
        self.unacked: deque[Batch] = deque(saved.batches)
        self.queue = EventQueue(max_events, max_bytes)
        self.queue.give_back(saved.queued)
        self._low_priority = frozenset(low_priority)
        self._ordinal = saved.last_ordinal
        # Events in `unacked`.
        self._under_way = sum(len(batch.events) for batch in saved.batches)
        self._sent, self._accepted, self._duplicate, self._rejected, self._expired, _ = saved.ledger
        self._journaling = journaling
        self._journal: list[Record] = []

    @property
    def last_ordinal(self) -> int:
        """The ordinal of the newest event."""
        return self._ordinal

    @property
    def lowest_seq(self) -> int:
        """The lowest number that is not acknowledged: `next_seq` of a hello."""
        return self.unacked[0].seq if self.unacked else self.next_seq

    def ledger(self) -> Ledger:
        """The account at this moment."""
        pending = len(self.queue) + self._under_way
        return Ledger(self._sent, self._accepted, self._duplicate, self._rejected, self._expired, pending)

    def settled(self, ordinal: int) -> bool:
        """True when every event up to `ordinal` has left."""
        oldest = self.unacked[0].events[0] if self.unacked else self.queue.first
        return oldest is None or oldest.ordinal > ordinal

    def add(self, event: Event, now: int, *, shedding: bool = False) -> list[Verdict]:
        """Take an event. Returns what had to go for it: the oldest when full, itself when it is shed."""
        self._ordinal += 1
        self._sent += 1
        low = event.name in self._low_priority
        if shedding and low:
            self._expired += 1
            return [Verdict(event.uuid, "expired", "shed")]
        queued = Queued(self._ordinal, now, event.uuid, low, event.payload)
        self._note(Added(queued))
        return self._expire(self.queue.push(queued), "queue_full")

    def shed(self) -> list[Verdict]:
        """Give up what is queued with low priority."""
        return self._expire(self.queue.shed(), "shed")

    def expire_first(self, reason: str) -> list[Verdict]:
        """Give up the oldest queued event."""
        return self._expire([self.queue.pop()], reason)

    def seal(self, now: int, max_events: int, max_bytes: int, per_batch: int) -> Batch | None:
        """Make the next batch of the oldest events, in a frame of at most `max_bytes`; None when not even one fits.

        `per_batch` turns the events left behind into the `backlog` that the server is told, in batches.
        """
        events = self.queue.take(max_events, max_bytes - ENVELOPE)
        if not events:
            return None
        batch = Batch(self.next_seq, now, -(-len(self.queue) // per_batch), tuple(events))
        self.next_seq += 1
        self.unacked.append(batch)
        self._under_way += len(events)
        self._note(Sealed(batch))
        return batch

    def settle(self, seq: int, verdicts: Iterable[tuple[int, int, str, str]] = ()) -> list[Verdict]:
        """Every batch up to `seq` is durable; `verdicts` are `(seq, index, outcome, reason)` as the ack has them."""
        by_seq: dict[int, list[tuple[int, str, str]]] = {}
        for number, index, outcome, reason in verdicts:
            by_seq.setdefault(number, []).append((index, outcome, reason))
        told: list[Verdict] = []
        low = self.lowest_seq
        while self.unacked and self.unacked[0].seq <= seq:
            batch = self.unacked.popleft()
            told += self._judge(batch, by_seq.get(batch.seq, ()))
        if self.lowest_seq != low:
            self.acked = True
            self._note(Settled(self.lowest_seq - 1))
        return told

    def raise_epoch(self) -> None:
        """Start over under a new epoch: what is under way goes back to the queue, uuids kept, to be numbered anew.

        For when server and client disagree on what was acknowledged; `uuid` then keeps a repeat from counting twice.
        """
        self.epoch += 1
        self.next_seq = 1
        self.acked = False
        self.queue.give_back(event for batch in self.unacked for event in batch.events)
        self.unacked.clear()
        self._under_way = 0
        self._note(Raised(self.epoch))

    def take_journal(self) -> list[Record]:
        """What happened since the last call, for a spool to write before any frame is sent."""
        journal, self._journal = self._journal, []
        return journal

    def _judge(self, batch: Batch, verdicts: Iterable[tuple[int, str, str]]) -> list[Verdict]:
        told: list[Verdict] = []
        fate: dict[int, str] = {}
        for index, outcome, reason in verdicts:
            if 0 <= index < len(batch.events):
                told.append(Verdict(batch.events[index].uuid, outcome, reason))
                # An event may be warned about and then dropped; only these two change its account, drop before all.
                if outcome == "drop" or (outcome == "duplicate" and fate.get(index) != "drop"):
                    fate[index] = outcome
        rejected = sum(outcome == "drop" for outcome in fate.values())
        self._rejected += rejected
        self._duplicate += len(fate) - rejected
        self._accepted += len(batch.events) - len(fate)
        self._under_way -= len(batch.events)
        return told

    def _expire(self, events: list[Queued], reason: str) -> list[Verdict]:
        if not events:
            return []
        self._expired += len(events)
        self._note(Gone(tuple(event.ordinal for event in events)))
        return [Verdict(event.uuid, "expired", reason) for event in events]

    def _note(self, record: Record) -> None:
        if self._journaling:
            self._journal.append(record)
