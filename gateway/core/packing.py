"""A worker's side of a shipment: decodes, inspects, and writes columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import msgspec
import numpy as np

from analytics.dictionary import Dictionary
from gateway.core.coding import codes_of
from gateway.core.shipment import Head, Shipment
from gateway.wire.codec import Batch, Codec
from gateway.wire.columns import UNREAD, Columns
from gateway.wire.events import EventReader, EventVerdict
from gateway.wire.replies import Limits

__all__ = ["Packer", "Schema"]

MAX_ENTRIES: Final = 16_384
MAX_TEXT: Final = 1 << 20
"""Of one dictionary. The analytics process keeps the same again for each worker; beginning anew costs the texts."""

_GENERATION: Final = 1

_encode = msgspec.msgpack.Encoder().encode


class Schema(msgspec.Struct, frozen=True):
    """What a KPI set reads of events, as a worker has to know it. `number` rises with each change."""

    number: int
    names: tuple[str, ...]
    fixed: tuple[str, ...]
    coded: tuple[str, ...]

    @classmethod
    def of(cls, reader: EventReader, number: int) -> Schema:
        """What this reader reads."""
        columns = reader.columns
        fixed = columns[: len(columns) - len(reader.names)]
        return cls(number, reader.names, fixed, tuple(name for name in columns if name in reader.coders))


class Packer:
    """Collects the batches of a turn. Its dictionaries are its own: the codes mean nothing to anybody else.

    Args:
        schema: what is decoded.
        limits: of the protocol.
        max_property: bytes of one property text.
    """

    def __init__(self, schema: Schema, limits: Limits, max_property: int) -> None:
        self._schema = schema
        self._limits = limits
        self._max_property = max_property
        self._batches: list[tuple[int, int, Batch]] = []
        # The connections of these, and the bytes of their texts.
        self.numbers: set[int] = set()
        self.bytes = 0
        self._compile()

    def _compile(self) -> None:
        schema = self._schema
        self._coders = {name: Dictionary(MAX_ENTRIES, MAX_TEXT) for name in schema.coded}
        reader = EventReader(
            schema.names, self._limits, self._max_property, schema.fixed, self._coders, generation=_GENERATION
        )
        self.codec = Codec(reader, self._limits)
        # Values that were written already, of each coded column; the code of absence needs no writing.
        self._written = [1] * len(schema.coded)
        self._fresh = list(range(len(schema.coded)))

    def add(self, number: int, size: int, batch: Batch) -> None:
        """One batch of the connection `number`, of `size` bytes on the wire, as `codec` has decoded it."""
        self._batches.append((number, size, batch))
        self.numbers.add(number)
        self.bytes += len(batch.text)

    def pack(self) -> bytes:
        """All that were added since the last time. About 4 us a batch of 20 events, and 30 us."""
        batches, self._batches, self.bytes = self._batches, [], 0
        self.numbers.clear()
        try:
            return _encode(self._shipment(batches, self._inspected([batch for _, _, batch in batches])))
        except (OverflowError, TypeError, ValueError):
            # Some value has no MessagePack; it would stay in a dictionary. No decoder of ours is known to give one.
            self._compile()
            return _encode(self._shipment(batches, [None] * len(batches)))

    def _inspected(self, batches: Sequence[Batch]) -> list[tuple[Columns, list[EventVerdict]] | None]:
        """The events of each, and their verdicts; None for those that are left undecoded."""
        whole = [place for place, batch in enumerate(batches) if batch.verdicts is None]
        looked = self.codec.inspect([batches[at].text for at in whole], [batches[at].events for at in whole])
        result = [(batch.events, batch.verdicts or []) for batch in batches]
        for nth, (events, verdicts) in looked.items():
            result[whole[nth]] = events, verdicts
        return [None if one[0].generation == UNREAD else one for one in result]

    def _shipment(
        self, batches: Sequence[tuple[int, int, Batch]], found: Sequence[tuple[Columns, list[EventVerdict]] | None]
    ) -> Shipment:
        decoded = [one[0] for one in found if one is not None]
        times, odd = _times(decoded)
        heads = []
        nth = 0
        for (number, size, batch), one in zip(batches, found, strict=True):
            if one is None:
                heads.append(Head(number, batch.seq, batch.backlog, size, len(batch.text), -1))
                continue
            events, verdicts = one
            ids = None if events.uuid is None else list(events.uuid)
            said = odd.get(nth)
            nth += 1
            heads.append(
                Head(
                    number,
                    batch.seq,
                    batch.backlog,
                    size,
                    len(batch.text),
                    events.n,
                    events.opens,
                    events.origin,
                    ids,
                    said,
                    verdicts,
                )
            )
        reader = self.codec.reader
        codes: list[Any] = []
        plain: list[list[Any]] = []
        for at, name in enumerate(reader.columns):
            if name in self._coders:
                codes.append(codes_of(decoded, at).astype("<i4").tobytes())
            else:
                columns: list[Any] = [events.values[at] for events in decoded]
                plain.append(list(chain.from_iterable(columns)))
        text = b"".join([batch.text for _, _, batch in batches])
        texts, fresh = self._new_texts()
        return Shipment(self._schema.number, heads, text, times, codes, plain, texts, fresh)  # type: ignore[arg-type]

    def _new_texts(self) -> tuple[list[list[Any]], list[int]]:
        texts = []
        fresh, self._fresh = self._fresh, []
        for at, coder in enumerate(self._coders.values()):
            values = coder.values_by_code
            texts.append(values[self._written[at] :])
            self._written[at] = len(values)
            if coder.full:
                coder.trim()
                self.codec.renew(_GENERATION)
                self._written[at] = 1
                self._fresh.append(at)
        return texts, fresh


def _times(decoded: Sequence[Columns]) -> tuple[bytes, dict[int, list[Any]]]:
    """The times of all whose times are integers, and by place those of the others."""
    parts, odd = [], {}
    for place, events in enumerate(decoded):
        if type(events.timestamp) is bytes:
            parts.append(events.timestamp)
        else:
            odd[place] = list(events.timestamp)
    return np.frombuffer(b"".join(parts), np.int64).astype("<i8").tobytes(), odd
