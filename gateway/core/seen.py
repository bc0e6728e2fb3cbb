"""Event ids of a recording: what tells a repeat, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

__all__ = ["Seen", "id_key"]

_LENGTH: Final = 36
_DASHES: Final = (8, 13, 18, 23)
_DIGITS: Final = 32


def id_key(text: str) -> bytes | str:
    """What two spellings of one UUID (dashes, case) have in common; any other text stands for itself."""
    digits = text.replace("-", "")
    try:
        raw = bytes.fromhex(digits) if len(digits) == _DIGITS else b""
    except ValueError:
        return text
    # Fewer than 16 bytes: there was white space among the digits, which no UUID has.
    return raw if len(raw) * 2 == _DIGITS else text


def _keys(ids: Sequence[str]) -> Sequence[bytes | str]:
    """`id_key` of each; 0.2 us a UUID of the usual form."""
    text = "".join(ids)
    if text.isascii() and set(map(len, ids)) == {_LENGTH}:
        shape = np.frombuffer(text.encode("ascii"), np.uint8).reshape(len(ids), _LENGTH)
        digits = text.replace("-", "")
        if len(digits) == _DIGITS * len(ids) and bool((shape[:, _DASHES] == ord("-")).all()):
            try:
                raw = bytes.fromhex(digits)
            except ValueError:
                raw = b""
            if len(raw) * 2 == len(digits):
                keys: list[bytes] = np.frombuffer(raw, "V16").tolist()
                return keys
    return list(map(id_key, ids))


class Seen:
    """Remembers the last event ids: at least half of `capacity`, at most all of it.

    Two generations: when the young one is full, the old one is forgotten. Ids are compared whole, so that no two
    different ones are ever taken for one. About 120 bytes an id. Which ids are known depends on their order alone, not
    on how they were handed over.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: set[bytes | str] = set()
        self._old: set[bytes | str] = set()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def claim(self, ids: Sequence[str | None]) -> list[int]:
        """Remember ids; the positions of those that were there before. None is no id. About 0.4 us each."""
        said = list(filter(None, ids))
        repeats = self._claim(_keys(said)) if said else []
        if not repeats or len(said) == len(ids):
            return repeats
        places = [place for place, text in enumerate(ids) if text is not None]
        return [places[nth] for nth in repeats]

    def _claim(self, keys: Sequence[bytes | str]) -> list[int]:
        repeats: list[int] = []
        start = 0
        while start < len(keys):
            if len(self._young) >= self._half:
                self._old, self._young = self._young, set()
            part = keys[start : start + self._half - len(self._young)]
            fresh = set(part)
            if len(fresh) == len(part) and self._young.isdisjoint(fresh) and self._old.isdisjoint(fresh):
                self._young |= fresh
            else:
                repeats += self._claim_each(part, start)
            start += len(part)
        return repeats

    def _claim_each(self, keys: Sequence[bytes | str], start: int) -> list[int]:
        repeats = []
        for place, key in enumerate(keys, start):
            if key in self._young or key in self._old:
                repeats.append(place)
            self._young.add(key)  # one that is repeated is remembered as if it were new
        return repeats
