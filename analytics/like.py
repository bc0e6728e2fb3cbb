"""SQL LIKE without backtracking: the time is bounded by pattern length x text length, whatever a browser sends."""

from __future__ import annotations

import re

__all__ = ["Like"]


class Like:
    """A compiled pattern: `%` is any text, `_` one character, `escape` makes the next character plain.

    The pieces between two `%` are found from left to right, each as early as possible; that is enough, because a later
    match of a piece can only leave less text for the rest.

    >>> Like("/p/%_").matches("/p/1"), Like("10!%", "!").matches("100")
    (True, False)
    """

    def __init__(self, pattern: str, escape: str | None = None, *, ignore_case: bool = False) -> None:
        """Raises ValueError when the escape is not one character or ends the pattern."""
        if escape is not None and len(escape) != 1:
            raise ValueError("ESCAPE takes one character")
        pieces, piece, characters = [], "", iter(pattern)
        for character in characters:
            if character == escape:
                plain = next(characters, None)
                if plain is None:
                    raise ValueError(f"the pattern {pattern!r} ends in its escape character")
                piece += re.escape(plain)
            elif character == "%":
                pieces.append(piece)
                piece = ""
            else:
                piece += "." if character == "_" else re.escape(character)
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        self._pieces = [re.compile(text, flags) for text in [*pieces, piece]]
        self._last = re.compile(f"(?:{piece})\\Z", flags)

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        first, *middle = self._pieces
        if not middle:
            return first.fullmatch(text) is not None
        found = first.match(text)
        for piece in middle[:-1]:
            if found is None:
                return False
            found = piece.search(text, found.end())
        return found is not None and self._last.search(text, found.end()) is not None
