"""The columns whose texts come again and again, as types that decode such a text straight to its code.

Most columns that KPIs read as texts have few different ones: names of events, countries, campaigns, pages. The decoder
finds one of them by its bytes, so that no text is made, hashed and looked up, which is a third of what a batch costs
until it is columns. A text that is not among them makes the decoder refuse, and the batch is decoded as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import GenericAlias
from typing import Any, Final

import msgspec

from analytics.dictionary import Dictionary
from gateway.wire.shape import MAX_NAME

__all__ = ["MOST", "Vocabulary", "known_texts"]

MOST: Final = 1_024
"""Different texts of a column for which it pays."""


class Vocabulary:
    """Watches dictionaries: which of them have become complete, as it seems."""

    def __init__(self, coders: Mapping[str, Dictionary]) -> None:
        self._coders = coders
        # How many values each had when it was looked at last.
        self._seen: dict[str, int] = {}

    def complete(self) -> dict[str, int]:
        """The columns of few texts and nothing else that got no new one since the last call, with their numbers."""
        now = {name: len(coder.values_by_code) for name, coder in self._coders.items()}
        before, self._seen = self._seen, now
        return {name: size for name, size in now.items() if size == before.get(name) and self.has_few(name)}

    def has_few(self, name: str) -> bool:
        """Whether a column has texts, few of them, and nothing else."""
        coder = self._coders[name]
        return 1 < len(coder.values_by_code) <= MOST and not coder.mixed


def known_texts(coder: Dictionary) -> Any:
    """A type that a decoder reads as the code of a text which is in this dictionary; None if there is no such type.

    It holds until the dictionary is trimmed.
    """
    codes = {text: code for text, code in coder.items() if type(text) is str and len(text) <= MAX_NAME and text}
    if not codes:
        return None
    kind: Any = Enum("Known", {"text": next(iter(codes))})  # type: ignore[misc]  # texts that only a dictionary knows
    # What msgspec looks members up in, and hands out. An enumeration of its own would have objects there.
    kind._value2member_map_ = codes  # type: ignore[assignment]
    # That is not in its documentation: should another version do it otherwise, no type is better than a wrong one.
    try:
        found: list[Any] = msgspec.json.decode(msgspec.json.encode(list(codes)), type=GenericAlias(list, (kind,)))
    except (msgspec.MsgspecError, TypeError, ValueError):  # also a text that has no UTF-8
        return None
    return kind if found == list(codes.values()) and set(map(type, found)) == {int} else None
