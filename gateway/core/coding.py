"""From the values of a column to codes of the engine's dictionary, for all batches of a commit group at once.

Rows have their codes when they were decoded. A columnar batch says each value once and its places; over a group that is
a look-up for each value that was said, and a handful of vector operations for all events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from analytics.arrays import Ints
from analytics.dictionary import NULL, Dictionary
from gateway.wire.columns import UNCODED, Columns

__all__ = ["codes_of"]


def codes_of(batches: Sequence[Columns], at: int, coder: Dictionary) -> Ints:
    """The codes of the column at this place, of all events in order. About 30 ns a value said, and 10 ns an event."""
    uncoded = [batch.generation == UNCODED for batch in batches]
    if not any(uncoded):
        return _listed(batches, at)
    if all(uncoded):
        return _looked_up(batches, at, coder)
    which = np.repeat(uncoded, [batch.n for batch in batches])
    codes = np.empty(len(which), np.int64)
    codes[which] = _looked_up([batch for batch, new in zip(batches, uncoded, strict=True) if new], at, coder)
    codes[~which] = _listed([batch for batch, new in zip(batches, uncoded, strict=True) if not new], at)
    return codes


def _listed(batches: Sequence[Columns], at: int) -> Ints:
    parts: list[Any] = [batch.values[at] for batch in batches]
    return np.fromiter(chain.from_iterable(parts), np.int64, sum([batch.n for batch in batches]))


def _looked_up(batches: Sequence[Columns], at: int, coder: Dictionary) -> Ints:
    said: list[Sequence[Any]] = []
    places: list[Iterable[int]] = []
    for batch in batches:
        part: Any = batch.values[at]
        if type(part) is list:
            said.append(part)
            places.append(range(batch.n))
        elif part is not None:
            said.append(part.d)
            places.append(part.i)
        else:
            said.append(())
            places.append((-1,) * batch.n)
    sizes, lengths = list(map(len, said)), [batch.n for batch in batches]
    # Behind all others, where -1 points.
    codes = np.append(coder.encode(list(chain.from_iterable(said))), NULL)
    found = np.fromiter(chain.from_iterable(places), np.int64, sum(lengths))
    absent = found < 0
    found += np.repeat(np.cumsum([0, *sizes[:-1]]), lengths)
    found[absent] = len(codes) - 1
    coded: Ints = codes[found]
    return coded
