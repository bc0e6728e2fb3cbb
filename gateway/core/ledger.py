"""What became of every event: `sent = accepted + duplicate + rejected`, the server's side of the account."""

from __future__ import annotations

from collections import Counter

import orjson

__all__ = ["Ledger"]


class Ledger:
    """Counts of events in batches that were applied. A batch that is sent again is not counted again.

    It is part of the snapshot and of the replay, so it covers the whole life of the data folder.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.duplicate = 0
        self.rejected = 0
        # Accepted events that brought a warning; a share of `accepted`, not a further sum.
        self.warned = 0
        # Batches applied, and events by reason for all that were not plainly accepted.
        self.batches = 0
        self.reasons: Counter[str] = Counter()

    @property
    def sent(self) -> int:
        """All events of applied batches."""
        return self.accepted + self.duplicate + self.rejected

    def count(self, batches: int, events: int) -> None:
        """Events came; each is accepted until `find` says otherwise."""
        self.batches += batches
        self.accepted += events

    def find(self, outcome: str, reason: str) -> None:
        """One event of those counted got a verdict."""
        self.reasons[reason] += 1
        if outcome == "drop":
            self.accepted -= 1
            self.rejected += 1
        elif outcome == "duplicate":
            self.accepted -= 1
            self.duplicate += 1
        else:
            self.warned += 1

    def as_dict(self) -> dict[str, int]:
        """The account as `/v1/status` shows it."""
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "duplicate": self.duplicate,
            "rejected": self.rejected,
            "warned": self.warned,
        }

    def to_bytes(self) -> bytes:
        """All counts; equal counts give equal bytes."""
        body = [self.accepted, self.duplicate, self.rejected, self.warned, self.batches, sorted(self.reasons.items())]
        return orjson.dumps(body)

    def load(self, data: bytes) -> None:
        """Take the place of what `to_bytes` gave."""
        *counts, reasons = orjson.loads(data)
        self.accepted, self.duplicate, self.rejected, self.warned, self.batches = counts
        self.reasons = Counter(dict(reasons))
