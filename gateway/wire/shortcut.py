"""The quickest way from the text of a batch to its columns, for batches in which nothing is new.

It is compiled for the texts that there are (see `vocabulary.py`), gives what the way for any batch would give, and
leaves to that whatever it does not know. It changes how long a batch takes, and nothing else: when too many batches are
not for it, it is given up, and tried again after pauses that get longer.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import GenericAlias
from typing import Any, Final, NamedTuple

import msgspec

from gateway.wire.columnar import ColumnShape, may_expand_to
from gateway.wire.columns import Columns
from gateway.wire.events import EventReader
from gateway.wire.messages import BatchHead
from gateway.wire.shape import MAX_NAME, Shape
from gateway.wire.vocabulary import Vocabulary, known_texts

__all__ = ["LONGEST", "REVIEW", "ColumnShortcut", "RowShortcut", "Shortcut", "Way", "batch_type"]

REVIEW: Final = 128
"""Batches from one look at the dictionaries to the next."""
TOO_MANY: Final = 16
"""Batches of those that may be for another way: each costs a second decode."""
LONGEST: Final = 128
"""Looks without anything compiled: about 1 ms each time."""
MOST_OTHERS: Final = 64
"""Properties of columnar batches that no KPI reads. Where there are more, they go the way for any batch."""

_FIELD: Final = re.compile(rf'[^"\\\x00-\x1f]{{0,{MAX_NAME}}}')
"""What a field of a struct may be called."""


class Way(NamedTuple):
    """What was compiled: how to decode, and what makes columns of a message, None when it is for another way."""

    decode: Callable[[bytes], Any]
    columns_of: Callable[[Any, bytes], Columns | None]


class Shortcut(ABC):
    """For one kind of batch of one reader."""

    def __init__(self, reader: EventReader) -> None:
        self._reader = reader
        self._vocabulary = Vocabulary(reader.coders)
        self._way: Way | None = None
        # The columns that it is compiled for, with the number of their texts.
        self._compiled: dict[str, int] = {}
        # Batches until the next review, and how many were not for this way since the last one.
        self._left, self._missed = REVIEW, 0
        # Reviews until something may be compiled, and how many it will be after that.
        self._rest, self._pause = 0, 1

    def take(self, text: bytes) -> tuple[Any, Columns] | None:
        """The head of a batch and its columns; None when it is for another way."""
        self._left -= 1
        if self._left <= 0:
            self._review()
        way = self._way
        if way is None:
            return None
        try:
            message = way.decode(text)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            columns = None
        else:
            columns = way.columns_of(message, text)
        if columns is None:
            self._missed += 1
            if self._missed >= TOO_MANY:
                self.forget()
            return None
        return message, columns

    def forget(self) -> None:
        """The codes have lost their meaning, or it does not pay."""
        self._way, self._compiled, self._missed = None, {}, 0

    def _review(self) -> None:
        self._left, self._missed = REVIEW, 0
        complete = self._vocabulary.complete()
        if self._rest:
            self._rest -= 1
        elif not complete.items() <= self._compiled.items():
            self._rest, self._pause = self._pause, min(2 * self._pause, LONGEST)
            # What was complete before and has grown keeps its place, with the texts that there are now.
            coders = self._reader.coders
            names = complete.keys() | {name for name in self._compiled if self._vocabulary.has_few(name)}
            found = {name: known_texts(coders[name]) for name in names}
            known = {name: kind for name, kind in found.items() if kind is not None}
            self._way = self._compile(known)
            self._compiled = {name: len(coders[name].values_by_code) for name in names} if self._way else {}

    @abstractmethod
    def _compile(self, known: Mapping[str, Any]) -> Way | None:
        """The way for these columns; None when there is none."""


def batch_type(event_type: Any) -> Any:
    """The type of a batch of such events."""
    return msgspec.defstruct(
        "CompiledBatch",
        [("events", GenericAlias(list, (event_type,)))],
        bases=(BatchHead,),
        tag="batch",
        kw_only=True,
        frozen=True,
        gc=False,
    )


class RowShortcut(Shortcut):
    """Of batches as rows, of at most so many events."""

    def __init__(self, reader: EventReader, max_events: int) -> None:
        super().__init__(reader)
        self._max_events = max_events

    def _compile(self, known: Mapping[str, Any]) -> Way | None:
        reader, most = self._reader, self._max_events
        shape = Shape(reader.fixed, reader.names, reader.coders, known)

        def columns_of(message: Any, _text: bytes) -> Columns | None:
            events = message.events
            return shape.columns_of(events, reader.generation) if len(events) <= most else None

        return Way(msgspec.json.Decoder(batch_type(shape.event_type)).decode, columns_of)


class ColumnShortcut(Shortcut):
    """Of columnar batches, of at most so many events that fill at most so many bytes as rows."""

    def __init__(self, reader: EventReader, max_events: int, most_bytes: int) -> None:
        super().__init__(reader)
        self._max_events = max_events
        self._most_bytes = most_bytes
        # Properties that no KPI reads and that were met in batches that went another way.
        self._others: dict[str, None] = {}

    def meet(self, properties: Iterable[str]) -> None:
        """A batch with these went another way."""
        if self._way is not None:
            return
        for name in properties:
            if len(self._others) > MOST_OTHERS:
                break
            if name not in self._reader.names and _FIELD.fullmatch(name):
                self._others[name] = None

    def forget(self) -> None:
        super().forget()
        self._others = {}

    def _compile(self, known: Mapping[str, Any]) -> Way | None:
        reader, most, most_bytes = self._reader, self._max_events, self._most_bytes
        if len(self._others) > MOST_OTHERS:
            self._others = {}
            return None
        shape = ColumnShape(reader.fixed, reader.names, reader.coders, known, list(self._others))

        def columns_of(message: Any, text: bytes) -> Columns | None:
            fits = message.n <= most and may_expand_to(message.n, text) <= most_bytes
            return shape.columns_of(message, reader.generation) if fits else None

        return Way(msgspec.json.Decoder(shape.batch_type).decode, columns_of)
