"""What has begun to come in and is not whole yet, over all clients: bounded, and the oldest goes first.

A request head, a body or a message that is cut by the end of a read waits in memory for the rest, before anyone has
judged it; each has its own bound, and there are many. What an honest client has begun is whole within milliseconds,
so when all of it becomes too much, those who have been at it longest are the ones who do not mean to end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Generic, TypeVar

__all__ = ["Holding"]

_H = TypeVar("_H")


class Holding(Generic[_H]):
    """Bytes by holder, which is hashable, in the order in which each began.

    >>> holding = Holding[str](limit=100)
    >>> holding.hold("a", 60), holding.hold("b", 30), holding.hold("b", 50)
    ([], [], ['a'])
    >>> holding.bytes, holding.cuts
    (50, 1)
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        # Holders that had to go since the start.
        self.cuts = 0
        self._held: OrderedDict[_H, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, holder: _H, size: int) -> Sequence[_H]:
        """`holder` keeps `size` bytes from now on; 0 when it has all, or is gone. Those who must be cut for it.

        They are forgotten already; the one that asks may be among them. O(1) for each.
        """
        self.bytes += size - self._held.get(holder, 0)
        if size:
            self._held[holder] = size
        else:
            self._held.pop(holder, None)
        gone: list[_H] = []
        while self.bytes > self.limit:
            oldest, freed = self._held.popitem(last=False)
            self.bytes -= freed
            gone.append(oldest)
        self.cuts += len(gone)
        return gone
