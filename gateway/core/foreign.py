"""Pages that were turned away because their origin is not allowed: what whoever has to allow one wants to see."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["MOST", "MOST_CHARS", "Foreign", "Foreigners"]

MOST: Final = 8
"""Origins that are kept. Anybody can make up as many as there are texts."""

MOST_CHARS: Final = 200


class Foreign(NamedTuple):
    """An origin that was refused: how many times, and when last, in epoch milliseconds."""

    origin: str
    times: int
    at: int


class Foreigners:
    """The origins that were refused last."""

    def __init__(self) -> None:
        # By origin, the one that was refused last behind the others.
        self._kept: dict[str, Foreign] = {}
        # How many were told to be new.
        self._told = 0

    def refuse(self, origin: str, now: int) -> bool:
        """Count a refusal. True: it is one of the first few and new, so that a log of these stays short.

        >>> refused = Foreigners()
        >>> refused.refuse("https://shop.example", 1), refused.refuse("https://shop.example", 2)
        (True, False)
        >>> refused.newest()
        [Foreign(origin='https://shop.example', times=2, at=2)]
        """
        origin = origin[:MOST_CHARS]
        known = self._kept.pop(origin, None)
        if len(self._kept) == MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[origin] = Foreign(origin, 1 if known is None else known.times + 1, now)
        if known is not None or self._told == MOST:
            return False
        self._told += 1
        return True

    def newest(self) -> list[Foreign]:
        """What was refused, the last one first."""
        return list(reversed(self._kept.values()))
