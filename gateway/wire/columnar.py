"""Columnar batches: the same events as a struct of arrays, from typed decode to columns without an object per event.

Every column is decoded and checked, also those that no KPI reads: what is wrong with a batch must not depend on the
KPI set. Whatever is not plain (a value of a wrong type, an index without a text, a column that is too short) is left
to the rows that the batch stands for, see `transposition.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

from analytics.dictionary import CROWDED, NULL, Dictionary
from gateway.wire.columns import UNREAD, Columns, Repeated
from gateway.wire.events import EventReader, Id, Name, Scalar
from gateway.wire.messages import BatchHead

__all__ = ["ColumnarBatch", "columns_of", "expands_to"]

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Place = Annotated[int, msgspec.Meta(ge=-1)]
"""Of a value in its dictionary; -1 for an event that has none."""
_Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]

_ROW = 64
"""Bytes of a row that are in no column: braces, the names of fields, what a time takes more than a step."""
_PAIR = 32
"""Quotes, colon and comma of a property; or a number, which may be in a dictionary too."""
_ESCAPE = 6
"""Bytes of a character as JSON may write it."""

_SMALL = 256
_BELOW = [bytes(range(count)) for count in range(_SMALL + 1)]
"""All bytes below each number."""


class _Coded(Repeated, frozen=True, gc=False):
    d: list[Scalar]
    i: list[_Place]


class _CodedNames(Repeated, frozen=True, gc=False):
    d: list[Name]
    i: list[_Count]


class _CodedIds(Repeated, frozen=True, gc=False):
    d: list[Id]
    i: list[_Place]


_Ids: TypeAlias = _CodedIds | list[Id | None] | None


class ColumnarBatch(BatchHead, frozen=True, tag="columns", kw_only=True, gc=False):
    """A columnar batch as decoded. A column that is not there is one of absent values."""

    n: _Count
    t0: _Whole = 0
    """What the times in `dt` count from, in epoch ms."""
    dt: list[_Whole | float | str | None] | None = None
    event: _CodedNames | list[Name] | None = None
    uuid: _Ids = None
    distinct_id: _Ids = None
    session_id: _Ids = None
    window_id: _Ids = None
    properties: dict[str, _Coded | list[Scalar]] | None = None


def expands_to(batch: ColumnarBatch, text: bytes, enough: int) -> int:
    """An upper bound, in bytes, of the rows that the batch stands for: a text in a dictionary may stand for many.

    A coarse one if that is not above `enough`, which costs nothing; else each dictionary is looked at.
    """
    coarse = batch.n * (len(text) + _ROW)
    if coarse <= enough:
        return coarse
    widest = 1 if text.isascii() and b"\\" not in text else _ESCAPE
    row = _ROW
    columns: dict[str, Any] = {"event": batch.event, "uuid": batch.uuid, "distinct_id": batch.distinct_id}
    columns |= {"session_id": batch.session_id, "window_id": batch.window_id} | (batch.properties or {})
    for name, column in columns.items():
        row += _ESCAPE * len(name) + _PAIR
        if column is not None and type(column) is not list:
            row += max((widest * len(value) for value in column.d if type(value) is str), default=0)
    return batch.n * row + len(text)


def columns_of(batch: ColumnarBatch, reader: EventReader) -> Columns | None:
    """Its columns as the rows that it stands for would give them; None when some row must be looked at by itself.

    About 6 us for five columns of 20 events, most of it for looking up their texts.
    """
    n, properties = batch.n, batch.properties or {}
    if not n or batch.event is None:
        return None
    others: list[Any] = [batch.dt, batch.uuid, batch.window_id]
    unsaid = len(properties)
    crowded = False
    values: list[Sequence[Any] | Repeated | None] = []
    for name, fixed, coder in reader.plan:
        column: Any = getattr(batch, name) if fixed else properties.get(name)
        unsaid -= column is not None and not fixed
        if coder is None or len(coder) > CROWDED:
            crowded |= coder is not None
            others.append(column)
            values.append([None] * n if column is None else _values(column))
        elif column is None:
            values.append(None)
        elif type(column) is list:
            if len(column) != n:
                return None
            values.append(list(map(coder.__getitem__, column)))
        else:
            repeated = _repeated(column, n, coder)
            if repeated is None:
                return None
            values.append(repeated)
    # What no KPI reads is checked all the same.
    if unsaid:
        others += [column for name, column in properties.items() if name not in reader.properties]
    others += [getattr(batch, name) for name in reader.unread]
    for column in others:
        if column is not None and not _fits(column, n):
            return None
    ids = _values(batch.uuid)
    if ids is not None and ids.count(None) == n:
        ids = None
    times = batch.dt or (None,) * n
    # Whatever brackets there are, none is in a value: those are scalars, or we would not be here.
    if crowded:
        return Columns(n, -1, times, ids, (), UNREAD, batch.t0)
    return Columns(n, -1, times, ids, tuple(values), reader.generation, batch.t0)


def _repeated(column: Repeated, n: int, coder: Dictionary) -> Repeated | None:
    """The column as codes; None when its places are none. An absent value is the code behind all others."""
    places = _places(column, n)
    if places is None:
        return None
    # Now, while the texts are in the processor's cache; where they belong is looked at for a group at once.
    codes = list(map(coder.__getitem__, column.d))
    if type(places) is not bytes and len(codes) < _SMALL:
        codes.append(NULL)
        places = bytes([place if place >= 0 else len(codes) - 1 for place in places])
    return Repeated(codes, places)


def _places(column: Repeated, n: int) -> Sequence[int] | None:
    """The places of a column's values, as bytes if none is absent and all are small; None when they are none."""
    places, count = column.i, len(column.d)
    # Entries that nothing points at would fill the engine's dictionaries.
    if len(places) != n or count > n:
        return None
    try:
        small = bytes(places)
    except ValueError:
        return places if max(places) < count else None
    return None if small.strip(_BELOW[min(count, _SMALL)]) else small


def _fits(column: list[Any] | Repeated, n: int) -> bool:
    """Whether a column is one of so many events."""
    return len(column) == n if type(column) is list else _places(column, n) is not None  # type: ignore[arg-type]


def _values(column: Any) -> Sequence[Any] | None:
    if column is None or type(column) is list:
        return column
    values = [*column.d, None]
    return [values[place] for place in column.i]
