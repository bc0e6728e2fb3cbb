"""Events on their way into DuckDB: the columns that a definition reads, typed as its rules have it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from analytics import Batch
from analytics.dictionary import Encoded, plain
from analytics.time import Clock
from gateway.audit.terms import BOOLEAN, NUMBER, TEXT, Columns

__all__ = ["EventTable", "Loader"]

CHUNK: Final = 1 << 16
"""Events written at a time."""


class Loader(Protocol):
    """Where events go: a connection of DuckDB."""

    def execute(self, query: str) -> Any: ...
    def register(self, view_name: str, python_object: object) -> Any: ...
    def unregister(self, view_name: str) -> Any: ...


class EventTable:
    """The table `events` of a new database. Call `close` behind the last batch.

    Args:
        database: where it is made.
        columns: those that are read.
        delay: of the KPI in ms, for the watermark that each event met.
    """

    def __init__(self, database: Loader, columns: Columns, delay: int) -> None:
        self._database = database
        self._columns = columns
        self._delay = delay
        self._clock = Clock()
        self._pieces: dict[str, list[NDArray[Any]]] = {}
        self._waiting = 0
        self.events = 0
        fields = "".join(
            f", {short}_kind TINYINT, {short}_text VARCHAR, {short}_number DOUBLE" for short in columns.names.values()
        )
        database.execute(f"CREATE TABLE events (n BIGINT, t BIGINT, mark BIGINT{fields})")

    def add(self, batch: Batch, now: int, moments: Sequence[int] | None = None) -> None:
        """Take the events of a batch that count; `moments` as `Engine.ingest` has them. About 2 us an event and
        column.
        """
        rise = self._clock.observe(batch.sources, batch.timestamp, batch.holds, batch.skip, now, moments)
        taken = np.arange(batch.n) if batch.skip is None else (~batch.skip).nonzero()[0]
        self._put("n", np.arange(self.events, self.events + batch.n)[taken])
        self._put("t", batch.timestamp[taken])
        self._put("mark", rise.at(batch.n)[taken] - self._delay)
        for name, short in self._columns.names.items():
            column = batch.columns.get(name, ())
            values = column.values() if isinstance(column, Encoded) else column or [None] * batch.n
            for field, array in _typed([values[i] for i in taken.tolist()]).items():
                self._put(f"{short}_{field}", array)
        self.events += batch.n
        self._waiting += len(taken)
        if self._waiting >= CHUNK:
            self._write()

    def close(self) -> None:
        """Write what is left."""
        if self._waiting:
            self._write()

    def _put(self, name: str, array: NDArray[Any]) -> None:
        self._pieces.setdefault(name, []).append(array)

    def _write(self) -> None:
        piece = {name: np.concatenate(parts) for name, parts in self._pieces.items()}
        self._database.register("piece", piece)
        fields = [f"CASE WHEN NOT isnan({n}) THEN {n} END" if n.endswith("_number") else n for n in piece]
        self._database.execute(f"INSERT INTO events SELECT {', '.join(fields)} FROM piece")
        self._database.unregister("piece")
        self._pieces, self._waiting = {}, 0


def _typed(column: Sequence[Any]) -> dict[str, NDArray[Any]]:
    """The three columns of a column."""
    values = list(map(plain, column))
    kinds = [0 if v is None else TEXT if type(v) is str else BOOLEAN if type(v) is bool else NUMBER for v in values]
    texts = np.empty(len(values), object)
    texts[:] = [
        _sound(v) if kind == TEXT else None if v is None else json.dumps(v)
        for v, kind in zip(values, kinds, strict=True)
    ]
    numbers = [_number(v) if kind == NUMBER else np.nan for v, kind in zip(values, kinds, strict=True)]
    return {"kind": np.array(kinds, np.int8), "text": texts, "number": np.array(numbers, np.float64)}


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.nan


def _sound(text: str) -> str:
    """A text that can be written as UTF-8: half a surrogate pair cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
