"""A stream of bytes cut into whole lines, with a bound on one line."""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_LINE", "Lines"]

MAX_LINE: Final = 16 << 20
"""Bytes kept of one line: what a line has beyond them is thrown away, so that it is no event any more."""


class Lines:
    """Takes pieces of any size and gives back whole lines, many at once.

    >>> lines = Lines()
    >>> lines.feed(b"a\\nb"), lines.feed(b"c\\n"), lines.feed(b"d"), lines.rest()
    (b'a\\n', b'bc\\n', b'', b'd')
    """

    def __init__(self) -> None:
        # The beginning of a line whose end has not come, at most MAX_LINE bytes of it.
        self._begun = bytearray()

    def feed(self, piece: bytes) -> bytes:
        """The lines that are whole now, with their line ends; empty when there are none."""
        end = piece.rfind(b"\n") + 1
        if not end:
            self._begin(piece)
            return b""
        if not self._begun:
            whole = piece[:end]
        else:
            first = piece.find(b"\n")
            self._begin(piece[:first])
            whole = bytes(self._begun) + piece[first:end]
            self._begun.clear()
        self._begin(piece[end:])
        return whole

    def _begin(self, piece: bytes) -> None:
        self._begun += piece[: MAX_LINE - len(self._begun)]

    def rest(self) -> bytes:
        """What came behind the last line end: an unfinished line, or nothing."""
        rest = bytes(self._begun)
        self._begun.clear()
        return rest
