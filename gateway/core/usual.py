"""Texts that come again and again, decoded straight to their codes.

Most columns that KPIs read as texts have few different ones: names of events, countries, campaigns. When a piece of a
recording brought none that was new, an event type is compiled in which such a field is an enumeration: the decoder
finds the member by the bytes of the text, so no text is made and none is hashed, and its code is an attribute.

A text that is not among them makes the decoder refuse. Then the lines are decoded as ever, and it takes a while until
it is tried again, twice as long each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Final

import msgspec
import numpy as np

from analytics.arrays import Ints
from analytics.dictionary import NULL, Dictionary
from gateway.wire.columns import packed
from gateway.wire.events import EventReader
from gateway.wire.shape import FIXED, Event, Properties, Read, Scalar, spelled

__all__ = ["Usual"]

MOST: Final = 256
"""Different texts of a column for which it pays."""
LONGEST: Final = 1_024
"""Pieces without another try."""


class _Absent:
    """Stands where an event does not say a field."""

    code = NULL


_ABSENT: Final = _Absent()
_Number: Any = int | float | bool | None


class Usual:
    """What is known of the texts of a recording, column by column."""

    def __init__(self, reader: EventReader) -> None:
        self._reader = reader
        self._attributes = dict(zip(reader.names, reader.attributes, strict=True))
        # Size and generation of each dictionary when it was looked at last.
        self._seen: dict[str, tuple[int, int]] = {}
        # Columns whose fields are enumerations, and the generations of their dictionaries.
        self._columns: dict[str, int] = {}
        # Decodes lines into events of this type; None: there is none for now.
        self._decode: Callable[[bytes], list[Any]] | None = None
        self._type: type[Event] | None = None
        # What gets the codes of such a column.
        self._reads: dict[str, Read] = {}
        # What stands for the properties of such an event that has none.
        self.no_properties: Any = None
        # Pieces until the next try, and how many it will be after the next text that is not known.
        self._rest, self._pause = 0, 1

    def decode(self, lines: bytes) -> list[Event] | None:
        """The events of these lines; None when something in them is not usual."""
        if self._decode is None:
            return None
        coders = self._reader.coders
        if all(coders[name].generation == generation for name, generation in self._columns.items()):
            try:
                return self._decode(lines)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._rest, self._pause = self._pause, min(2 * self._pause, LONGEST)
        self._decode, self._columns = None, {}
        return None

    def made(self, events: Sequence[Event]) -> bool:
        """Whether it was this that decoded them, last of all."""
        return bool(events) and type(events[0]) is self._type

    def codes(self, name: str, rows: Sequence[Any]) -> Ints | None:
        """The codes of a column of events that it decoded, or of their properties; None: it holds plain values."""
        if name not in self._columns:
            return None
        try:
            codes = self._reads[name](rows)
        except AttributeError:  # a null, or a number for once
            coder = self._reader.coders[name]
            values: list[Any] = spelled(self._attributes.get(name, name))(rows)
            codes = [value.code if hasattr(value, "code") else coder[value] for value in values]
        return np.frombuffer(packed(codes, len(codes)), np.int64)

    def learn(self) -> None:
        """A piece has been encoded: see whether there are dictionaries that did not grow."""
        coders = self._reader.coders
        now = {name: (len(coder.values_by_code), coder.generation) for name, coder in coders.items()}
        stable = {name: size for name, size in now.items() if size == self._seen.get(name) and 1 < size[0] <= MOST}
        self._seen = now
        if self._rest:
            self._rest -= 1
        elif stable.keys() - self._columns.keys():
            self._compile(stable.keys() | self._columns.keys())

    def _compile(self, names: Iterable[str]) -> None:
        coders = self._reader.coders
        found = {name: _members(coders[name]) for name in names}
        members = {name: kind for name, kind in found.items() if kind is not None}
        properties = msgspec.defstruct(
            "UsualProperties",
            [
                (attribute, members[name] | _Number, _ABSENT) if name in members else (attribute, Scalar, None)
                for name, attribute in self._attributes.items()
            ],
            bases=(Properties,),
            rename={attribute: name for name, attribute in self._attributes.items()},
            gc=False,
        )
        fields: list[Any] = [("event", members["event"])] if "event" in members else []
        fields += [(name, members[name] | None, _ABSENT) for name in FIXED[1:] if name in members]
        fields.append(("properties", properties | None, None))
        self._type = msgspec.defstruct("UsualEvent", fields, bases=(Event,), gc=False)  # type: ignore[assignment]  # defstruct says only `type`
        self._decode = msgspec.json.Decoder(self._type).decode_lines
        self._columns = {name: coders[name].generation for name in members}
        self._reads = {name: spelled(f"{self._attributes.get(name, name)}.code") for name in members}
        self.no_properties = properties()


def _members(coder: Dictionary) -> Any:
    """An enumeration of the texts in a dictionary, each with its code; None: there are none."""
    texts = [text for text in coder.values_by_code if type(text) is str]
    if not texts:
        return None
    members = [(f"v{nth}", text) for nth, text in enumerate(texts)]
    kind = Enum("Usual", members)  # type: ignore[misc]  # members that only a dictionary knows
    for member in kind:
        member.code = coder[member.value]  # type: ignore[attr-defined]  # ours
    return kind
