"""The account of every event that `capture` took."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Ledger"]


class Ledger(NamedTuple):
    """Counts of events. `sent = accepted + duplicate + rejected + expired + pending` at any moment.

    `pending` is counted from the queue and the batches under way, never by subtraction, so the equation can fail
    and is worth checking.
    """

    sent: int = 0
    """Events that `capture` took, over the life of the spool or else of the process."""
    accepted: int = 0
    """Durable at the server and counted once; warnings are among them."""
    duplicate: int = 0
    """The server had seen the `uuid` before."""
    rejected: int = 0
    """Refused by the server with a reason; never retried."""
    expired: int = 0
    """Given up here: the queue was full, the server asked to shed, or no frame could hold the event."""
    pending: int = 0
    """Queued, or sent and not yet acknowledged."""

    @property
    def balanced(self) -> bool:
        """True when no event is unaccounted for and none is counted twice.

        >>> Ledger(sent=3, accepted=2, pending=1).balanced
        True
        """
        return self.sent == self.accepted + self.duplicate + self.rejected + self.expired + self.pending
