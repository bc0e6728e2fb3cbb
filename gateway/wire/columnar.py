"""Columnar batches: the same events as a struct of arrays, from typed decode to columns without an object per event.

Every column is decoded and checked, also those that no KPI reads: what is wrong with a batch must not depend on the
KPI set. Whatever is not plain (a value of a wrong type, an index without a text, a column that is too short) is left
to the rows that the batch stands for, see `transposition.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

from analytics.dictionary import CROWDED
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


def columns_of(batch: ColumnarBatch, text: bytes, reader: EventReader) -> Columns | None:
    """Its columns as the rows that it stands for would give them; None when some row must be looked at by itself.

    About 8 us for five columns of 20 events, most of it for looking up their texts.
    """
    n, properties = batch.n, batch.properties or {}
    if not n or batch.event is None:
        return None
    fixed = (batch.dt, batch.event, batch.uuid, batch.distinct_id, batch.session_id, batch.window_id)
    column: Any
    for column in (*fixed, *properties.values()):
        if type(column) is list:
            if len(column) != n:
                return None
        # Entries that nothing points at would fill the engine's dictionaries.
        elif column is not None and (len(column.i) != n or not max(column.i) < len(column.d) <= n):
            return None
    ids = _values(batch.uuid)
    if ids is not None and ids.count(None) == n:
        ids = None
    times = batch.dt or (None,) * n
    coders = reader.coders
    # None of the brackets is in a value: those are scalars, or we would not be here.
    opens = text.count(b"{") + text.count(b"[")
    values: list[Sequence[Any] | Repeated | None] = []
    for name in reader.columns:
        column = getattr(batch, name) if name in reader.fixed else properties.get(name)
        coder = coders.get(name)
        if coder is None:
            values.append(_values(column) or [None] * n)
        elif len(coder) > CROWDED:
            return Columns(n, opens, times, ids, (), UNREAD, batch.t0)
        elif column is None:
            values.append(None)
        elif type(column) is list:
            values.append(list(map(coder.__getitem__, column)))
        else:
            # Now, while the texts are in the processor's cache; where they belong is looked at for a group at once.
            values.append(Repeated(list(map(coder.__getitem__, column.d)), column.i))
    return Columns(n, opens, times, ids, tuple(values), reader.generation, batch.t0)


def _values(column: Any) -> Sequence[Any] | None:
    if column is None or type(column) is list:
        return column
    values = [*column.d, None]
    return [values[place] for place in column.i]
