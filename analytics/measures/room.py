"""Room for the events of a funnel: which are kept, and which go when there are too many.

Events of closed panes change nothing any more, nor do those of a user who went all the way in a pane or those that are
`needless`, where no event can take a level back. When what is left is still too much, the first and the last to arrive
of each user in a pane are kept, and fewer of them if that is not enough; what goes then is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from analytics.aggregation import FunnelSetting
from analytics.arrays import Bools
from analytics.journal import Journal, Rows
from analytics.measures.needless import Needless
from analytics.measures.rising import Rising
from analytics.measures.searching import Searching

__all__ = ["MAX_EVENTS", "Room"]

MAX_EVENTS: Final = 1 << 18
TIDY: Final = 1 << 14
"""Fewer events are not looked through for those that change nothing."""
FIRST: Final = 16
LAST: Final = 48


class Room:
    """Keeps the events of `journal` within bounds.

    Args:
        through: the level from which on events of a group change nothing; None: all do.
        dropped: called when some were, with whether they might have changed something.
    """

    def __init__(
        self,
        journal: Journal,
        setting: FunnelSetting,
        levels: Rising | Searching,
        through: int | None,
        dropped: Callable[[bool], None],
    ) -> None:
        self._journal = journal
        self._setting = setting
        self._levels = levels
        self._through = through
        self._dropped = dropped
        # Where windows are so short that some events need not be kept; until that is said, all are.
        self._needless: Needless | None = None
        # How many events there are when those that change nothing are dropped next: who has a late event has all of his
        # judged again, also those.
        self._tidy_at = TIDY
        # Of each group so many are kept when there are too many.
        self.share = FIRST + LAST
        # Events that were dropped though they might have changed something.
        self.thinned = 0

    def bound(self, longest: int) -> None:
        """No window is longer than that, in ms."""
        if self._through is not None and longest <= self._setting.within:
            self._needless = Needless(self._setting.steps, self._journal.capacity)

    def needed(self, rows: Rows) -> Rows:
        """Those of new events that have to be kept."""
        if self._needless is None:
            return rows
        self._needless.note(rows, len(self._journal.cells))
        needless = self._needless.among(rows)
        if not needless.any():
            return rows
        self._journal.note(rows.part(needless))
        return rows.part(~needless)

    def without_needless(self, rows: Rows, groups: int) -> Rows:
        """What would be kept of these events, of so many groups, if all had come at once."""
        if self._needless is None:
            return rows
        needless = Needless(self._setting.steps, groups)
        needless.note(rows, groups)
        return rows.part(~needless.among(rows))

    def look_again(self) -> None:
        """Events were dropped that others were needless for, or groups got other numbers."""
        if self._needless is not None:
            self._needless.anew(self._journal.rows, len(self._journal.cells))

    def making(self) -> Iterator[None]:
        """Drop what changes nothing any more, and keep the cap on all events.

        In steps between which events may be appended, and others may make room.
        """
        journal = self._journal
        if self._through is not None and len(journal) >= self._tidy_at:
            yield from self._dropping_useless()
            self._tidy_at = max(TIDY, 2 * len(journal))
        while len(journal) > MAX_EVENTS:
            before = len(journal)
            yield from self._dropping_useless()
            if len(journal) > before * 3 // 4:
                first = max(self.share * FIRST // (FIRST + LAST), 1)
                dropped = yield from journal.thinning(first, max(self.share - first, 1))
                if dropped is None:  # somebody else was done with it first
                    continue
                self.thinned += dropped
                self.look_again()
                self._dropped(True)
                if len(journal) > before * 3 // 4:
                    if self.share <= 2:
                        return
                    self.share //= 2

    def _dropping_useless(self) -> Iterator[None]:
        matters = self._journal.alive()
        if self._through is not None:
            matters &= self._levels.levels < self._through

        def needed(rows: Rows) -> Bools:
            kept = matters[rows.groups]
            if self._needless is not None:
                kept &= ~self._needless.among(rows)
            return kept

        if (yield from self._journal.sifting(needed)):
            self._dropped(False)
