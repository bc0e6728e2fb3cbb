"""The codes of a column, of all batches of a commit group at once.

Rows have a code for each event. A columnar batch has each code once and its places: what is left for each event is a
share of some vector operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from analytics.arrays import Ints
from analytics.dictionary import NULL
from gateway.wire.columns import Columns, Repeated

__all__ = ["codes_of"]

_SMALL = 256


def codes_of(batches: Sequence[Columns], at: int) -> Ints:
    """The codes of the column at this place, of all events in order. About 10 ns an event in columnar batches."""
    parts: list[Any] = [batch.values[at] for batch in batches]
    if np.ndarray in set(map(type, parts)):
        return _joined(batches, at, parts)
    lengths = [batch.n for batch in batches]
    if {Repeated, type(None)}.isdisjoint(map(type, parts)):
        return np.fromiter(chain.from_iterable(parts), np.int64, sum(lengths))
    tables: list[Sequence[int]] = []
    places: list[Sequence[int]] = []
    for part, n in zip(parts, lengths, strict=True):
        if type(part) is Repeated:
            tables.append(part.d)
            places.append(part.i)
        elif part is None:
            tables.append((NULL,))
            places.append(bytes(n))
        else:
            tables.append(part)
            places.append(bytes(range(n)) if n <= _SMALL else range(n))
    sizes = list(map(len, tables))
    # Behind all others is the code that -1 points at.
    codes = np.fromiter(chain(chain.from_iterable(tables), (NULL,)), np.int64, sum(sizes) + 1)
    found = np.repeat(np.cumsum([0, *sizes[:-1]]), lengths)
    if set(map(type, places)) == {bytes}:
        found += np.frombuffer(b"".join(places), np.uint8)  # type: ignore[arg-type]  # all of them are bytes
    else:
        listed = np.fromiter(chain.from_iterable(places), np.int64, sum(lengths))
        found += listed
        found[listed < 0] = len(codes) - 1
    coded: Ints = codes[found]
    return coded


def _joined(batches: Sequence[Columns], at: int, parts: Sequence[Any]) -> Ints:
    """The same where some batches came from a worker, which sends arrays; the others are joined in runs."""
    arrays: list[Ints] = []
    run: list[Columns] = []
    for batch, part in zip(batches, parts, strict=True):
        if type(part) is not np.ndarray:
            run.append(batch)
            continue
        if run:
            arrays.append(codes_of(run, at))
            run = []
        arrays.append(part)
    if run:
        arrays.append(codes_of(run, at))
    return np.concatenate(arrays)
