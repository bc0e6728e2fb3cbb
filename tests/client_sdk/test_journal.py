"""A saved state begins empty, and holds what a producer needs to go on."""

from __future__ import annotations

from client_sdk.python.backlog import Backlog
from client_sdk.python.batch import Batch, Queued
from client_sdk.python.journal import Saved
from client_sdk.python.ledger import Ledger


def test_a_new_producer() -> None:
    """Epoch and numbers begin at 1, nothing is pending, nothing was acknowledged."""
    saved = Saved("p")
    assert (saved.epoch, saved.next_seq, saved.acked, saved.ledger) == (1, 1, False, Ledger())


def test_a_backlog_goes_on_where_the_state_was_saved() -> None:
    """Identity, numbers, batches, queue and account are those of the saved state."""
    first, second = Queued(4, 0, "a", False, b"{}"), Queued(9, 0, "b", False, b"{}")
    saved = Saved("p", 3, 8, True, Ledger(9, 5, 1, 1, 0, 2), (Batch(7, 1, 0, (first,)),), (second,), 9)
    backlog = Backlog(saved)
    assert (backlog.producer_id, backlog.epoch, backlog.lowest_seq, backlog.next_seq) == ("p", 3, 7, 8)
    assert backlog.ledger() == saved.ledger
    assert backlog.last_ordinal == 9
    backlog.settle(7)
    assert backlog.ledger() == (9, 6, 1, 1, 0, 1)
