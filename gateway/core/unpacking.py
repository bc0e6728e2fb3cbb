"""The analytics process's side of a shipment: from a worker's codes to those of the engine.

The engine's dictionaries forget everything now and then, and each time codes change their meaning. The texts of a
worker's dictionary stay here, so that a code that is not known any more is looked up again when it is next met; nothing
has to be agreed on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from analytics.arrays import Ints
from analytics.dictionary import CROWDED, NULL, Dictionary
from gateway.core.hints import HINTS
from gateway.core.packing import MAX_ENTRIES, MAX_TEXT
from gateway.core.shipment import Head, Shipment
from gateway.wire.codec import Batch, Codec
from gateway.wire.columns import UNREAD, Columns
from gateway.wire.parcel import ParcelError

__all__ = ["Shipped", "Translation", "Unpacker"]

_UNKNOWN: Final = -1
_MOST_TEXTS: Final = MAX_ENTRIES + CROWDED
"""What a dictionary of a worker may have: it is emptied between two shipments only."""
_OUTCOMES: Final = frozenset(("drop", "warn"))
_decode = msgspec.msgpack.Decoder(Shipment).decode


class Shipped(NamedTuple):
    """One batch: the worker's number of its connection, its size on the wire, and the batch.

    Just its JSON when the worker could not decode it, or decoded it for another KPI set.
    """

    number: int
    size: int
    batch: Batch | bytes


class Translation:
    """From the codes of one dictionary of a worker to those of the engine's for the same column."""

    def __init__(self) -> None:
        # By the worker's code: the value, and the engine's code where it is known.
        self._values: list[Any] = [None]
        self._codes: Ints = np.full(64, _UNKNOWN, np.int64)
        self._codes[NULL] = NULL
        # Characters of all texts.
        self._text = 0

    def __len__(self) -> int:
        return len(self._values)

    def begin_anew(self) -> None:
        """The worker's dictionary was emptied."""
        del self._values[1:]
        self._text = 0
        self.forget()

    def forget(self) -> None:
        """The engine's dictionary was emptied, or is another one."""
        self._codes.fill(_UNKNOWN)
        self._codes[NULL] = NULL

    def extend(self, values: Sequence[Any]) -> None:
        """The worker's dictionary has got these.

        Raises:
            ParcelError: more than it can have; or it was full, and has not begun anew.
        """
        if not values:
            return
        if len(self._values) > MAX_ENTRIES or self._text > MAX_TEXT:
            raise ParcelError("a dictionary that grows when it is full")
        self._values += values
        self._text += sum(map(len, filter(_is_text, values)))
        count = len(self._values)
        if count > _MOST_TEXTS:
            raise ParcelError(f"a dictionary of {count} entries")
        if count > len(self._codes):
            grown = np.full(2 * count, _UNKNOWN, np.int64)
            grown[: len(self._codes)] = self._codes
            self._codes = grown

    def translate(self, codes: Ints, coder: Dictionary) -> Ints:
        """The engine's codes for these. Some ns each, and a look-up for each value that it does not have.

        Raises:
            ParcelError: a code that the worker has not explained.
        """
        if not len(codes):
            return np.zeros(0, np.int64)
        if not 0 <= int(codes.min()) <= int(codes.max()) < len(self._values):
            raise ParcelError("a code without a value")
        found: Ints = self._codes[codes]
        unknown = found == _UNKNOWN
        if unknown.any():
            for code in np.unique(codes[unknown]).tolist():
                self._codes[code] = coder[self._values[code]]
            found = self._codes[codes]
        return found


class Unpacker:
    """Reads the shipments of one worker for one schema. `codec` is the engine's for it, `schema` its number."""

    def __init__(self, codec: Codec, schema: int) -> None:
        self.codec = codec
        self.schema = schema
        reader = codec.reader
        self._generation = reader.generation
        self._translations = [Translation() for name in reader.columns if name in reader.coders]
        self._plain = len(reader.columns) - len(self._translations)

    def unpack(self, body: bytes | memoryview) -> Iterator[Shipped]:
        """The batches of a shipment, in order. About 3 us each, and 25 us.

        Raises:
            ParcelError: it is none, or does not fit together.
        """
        try:
            shipment = _decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ParcelError(f"no shipment: {error}") from None
        heads = shipment.heads
        if sum(head.text for head in heads) != len(shipment.text):
            raise ParcelError("texts that are longer or shorter than said")
        for head in heads:
            if head.n >= 0:
                self._check(head)
        if shipment.schema != self.schema:
            return self._raw(heads, shipment.text)
        columns = self._columns(shipment)
        return self._batches(shipment, columns)

    def _check(self, head: Head) -> None:
        """Whether a batch is one that the limits allow, and what is said of its events is said of all of them."""
        n = head.n
        if n > self.codec.max_events:
            raise ParcelError(f"a batch of {n} events")
        if head.times is not None and len(head.times) != n:
            raise ParcelError("times that are longer or shorter than said")
        if head.uuid is not None and len(head.uuid) != n:
            raise ParcelError("ids that are longer or shorter than said")
        for nth, outcome, reason in head.verdicts:
            if not 0 <= nth < n or outcome not in _OUTCOMES or reason not in HINTS:
                raise ParcelError("a verdict that nobody gives")

    def _raw(self, heads: Sequence[Head], text: memoryview) -> Iterator[Shipped]:
        at = 0
        for head in heads:
            yield Shipped(head.number, head.size, bytes(text[at : at + head.text]))
            at += head.text

    def _columns(self, shipment: Shipment) -> list[Any] | None:
        """The columns of all that were decoded; None while a dictionary of the engine has no room for more."""
        reader = self.codec.reader
        translations = self._translations
        if len(shipment.codes) != len(translations) or len(shipment.texts) != len(translations):
            raise ParcelError("columns of another schema")
        if self._generation != reader.generation:
            self._generation = reader.generation
            for translation in translations:
                translation.forget()
        try:
            for at in shipment.fresh:
                translations[at].begin_anew()
        except IndexError:
            raise ParcelError("a column that is not there") from None
        for translation, values in zip(translations, shipment.texts, strict=True):
            translation.extend(values)
        count = sum(head.n for head in shipment.heads if head.n > 0)
        known = sum(head.n for head in shipment.heads if head.n > 0 and head.times is None)
        sizes = {len(shipment.times) - 8 * known, *(len(codes) - 4 * count for codes in shipment.codes)}
        sizes |= {len(values) - count for values in shipment.plain}
        if sizes != {0} or len(shipment.plain) != self._plain:
            raise ParcelError("columns that are longer or shorter than said")
        if any(len(coder) > CROWDED for coder in reader.coders.values()):
            return None
        coded, plain = iter(zip(translations, shipment.codes, strict=True)), iter(shipment.plain)
        columns: list[Any] = []
        for name in reader.columns:
            coder = reader.coders.get(name)
            if coder is None:
                columns.append(next(plain))
            else:
                translation, codes = next(coded)
                columns.append(translation.translate(np.frombuffer(codes, "<i4"), coder).tobytes())
        return columns

    def _batches(self, shipment: Shipment, columns: list[Any] | None) -> Iterator[Shipped]:
        times = np.frombuffer(shipment.times, "<i8").astype(np.int64).tobytes()
        text = shipment.text
        generation = UNREAD if columns is None else self._generation
        columns = columns or []
        text_at = time_at = at = 0
        for head in shipment.heads:
            own = bytes(text[text_at : text_at + head.text])
            text_at += head.text
            n = head.n
            if n < 0:
                yield Shipped(head.number, head.size, own)
                continue
            said: Any = head.times
            if said is None:
                said = times[8 * time_at : 8 * (time_at + n)]
                time_at += n
            end = at + n
            values = tuple([c[8 * at : 8 * end] if type(c) is bytes else c[at:end] for c in columns])
            at = end
            events = Columns(n, head.opens, said, head.uuid, values, generation, head.origin)
            yield Shipped(head.number, head.size, Batch(head.seq, head.backlog, events, head.verdicts, own))


def _is_text(value: Any) -> bool:
    return type(value) is str
