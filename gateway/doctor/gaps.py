"""Which batches were in lost rows of the log, told by the numbers of those around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.core.producers import ANONYMOUS
from gateway.core.record import Entry
from gateway.doctor.findings import Span

__all__ = ["MOST_SPANS", "Gaps"]

MOST_SPANS: Final = 100


class Gaps:
    """Takes the batches of the log in order. A producer's numbers go up by one, so a jump over a hole names the lost.

    What has no producer has no number, and what a producer sent last before a hole at the very end is not known.
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._last: dict[tuple[str, int], int] = {}
        # Producers seen since the last hole; None: there was no hole yet.
        self._since: set[tuple[str, int]] | None = None

    def hole(self) -> None:
        """Rows are lost here."""
        self._since = set()

    def take(self, entries: Iterable[Entry]) -> None:
        """The batches of a good row."""
        for entry in entries:
            if entry.producer == ANONYMOUS:
                continue
            key = (entry.producer, entry.epoch)
            last = self._last.get(key)
            if self._since is not None and key not in self._since:
                self._since.add(key)
                if last is not None and entry.seq > last + 1 and len(self.spans) < MOST_SPANS:
                    self.spans.append(Span(*key, last + 1, entry.seq - 1))
            self._last[key] = max(entry.seq, last or 0)
