"""What the store is to keep of a KPI's rows: those of windows that are over, under a name that outlives the process.

Rows come in the order in which the engine says them. Until they are handed over they wait here, the last of each
identity. What a snapshot will not say again is handed over before it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

import orjson

from analytics import Changes, KpiSpec, Row
from analytics.restoration import identity
from analytics.row import Dims
from analytics.window import SessionWindow, Window

__all__ = ["Chronicle", "Lines", "Series", "row_of", "series_of"]

SLICE: Final = 512
"""Rows that are handed over together."""

KINDS: Final = ("partial", "final", "correction", "retract")

SESSIONS: Final = 1
"""The level of session windows: there is a row for each session, and nothing that sums them up."""

_WIDTHS: Final = (10_000, 60_000)
"""Where the levels of resolution begin, in ms."""

_Place: TypeAlias = tuple[int, int, int, int, str]
"""(series, level, start, mark, dims)."""


class Series(NamedTuple):
    """One definition of one KPI. A changed definition is another series, and so has a history of its own."""

    number: int
    """63 bits of a hash of `identity`."""
    identity: str
    levels: tuple[int, ...]
    """Of resolution: 0 finer than 10 s, 1 finer than 60 s, 2 the rest; finest first."""
    nested: bool
    """Coarser rows sum up finer ones; otherwise they are some of the same rows, which are kept longer."""
    by_end: bool
    """Windows share their start, and are told apart by their end."""
    longest: int | None
    """ms that no window exceeds; None: there is no such number."""
    level: Callable[[int, int], int]
    """The level of a row by its start and end."""

    def mark(self, end: int) -> int:
        """What tells windows of the same start apart."""
        return end if self.by_end else 0


class Lines(NamedTuple):
    """At most a slice of rows, as the store takes them."""

    series: dict[int, str]
    rows: bytes
    gone: bytes
    number: int


class Chronicle:
    """Collects rows of the KPI set of now; those of an earlier one that still wait are kept."""

    def __init__(self, specs: Sequence[KpiSpec]) -> None:
        self._series: dict[str, Series] = {}
        # Identity -> end and body; None: it is not true any more.
        self._waiting: dict[_Place, tuple[int, str] | None] = {}
        self._names: dict[int, str] = {}
        self.replace(specs)

    def __len__(self) -> int:
        return len(self._waiting)

    def replace(self, specs: Sequence[KpiSpec]) -> None:
        """Another KPI set."""
        self._series = {spec.name: series_of(spec) for spec in specs}
        self._names |= {series.number: series.identity for series in self._series.values()}

    def take(self, changes: Changes) -> None:
        """Rows as the engine hands them out; open windows are left out. About 2 us a row that is kept."""
        for row in changes.rows:
            if row.kind != "partial":
                self._put(row)
        for row in changes.coarse:
            self._put(row)

    def _put(self, row: Row) -> None:
        series = self._series[row.kpi]
        try:
            dims = orjson.dumps(row.dims).decode()
            body = None if row.kind == "retract" else (row.end, _body(row))
        except (TypeError, ValueError):  # a row that cannot be encoded, which is said where viewers would get it
            return
        place = (series.number, series.level(row.start, row.end), row.start, series.mark(row.end), dims)
        # The store is told in the order of the last change, also of what was told before.
        self._waiting.pop(place, None)
        self._waiting[place] = body

    def hand_over(self) -> Iterator[Lines]:
        """All that waits, in slices; each is out of here when it is given."""
        waiting, self._waiting = self._waiting, {}
        places = list(waiting)
        for start in range(0, len(places), SLICE):
            rows, gone = [], []
            for place in places[start : start + SLICE]:
                said = waiting[place]
                if said is None:
                    gone.append(place)
                else:
                    rows.append((*place, *said))
            numbers = {place[0] for place in places[start : start + SLICE]}
            names = {number: self._names[number] for number in numbers}
            yield Lines(names, orjson.dumps(rows), orjson.dumps(gone), len(rows) + len(gone))
        current = {series.number for series in self._series.values()}
        self._names = {number: name for number, name in self._names.items() if number in current}


@lru_cache(maxsize=4_096)
def series_of(spec: KpiSpec) -> Series:
    """The series of a KPI as it is defined. The first time it takes about a millisecond: the definition is compiled."""
    name = json.dumps(identity(spec), separators=(",", ":"))
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") >> 1
    window = spec.compile().window
    if isinstance(window, SessionWindow):
        return Series(number, name, (SESSIONS,), False, False, None, lambda *_: SESSIONS)
    own = _level(window.hop)
    coarser = tuple(i for i, width in enumerate(_WIDTHS, 1) if i > own and width % window.hop == 0)
    levels = (own, *coarser)
    if window.tumbling:
        longest = max(window.longest, *(_WIDTHS[i - 1] for i in coarser), 0)
        return Series(number, name, levels, True, False, longest, lambda start, end: max(own, _level(end - start)))
    return Series(number, name, levels, False, window.cumulative, window.longest, _thinning(window, own, coarser))


def _level(ms: int) -> int:
    return sum(ms >= width for width in _WIDTHS)


def _thinning(window: Window, own: int, coarser: tuple[int, ...]) -> Callable[[int, int], int]:
    """Every so many rows one is kept longer: by its start, or among those of one start by its length."""

    def level(start: int, end: int) -> int:
        place = end - start if window.cumulative else start
        return next((i for i in reversed(coarser) if place % _WIDTHS[i - 1] == 0), own)

    return level


def _body(row: Row) -> str:
    """Value, kind, revision, error and number of keys; what is not there at the end is left out."""
    body = [row.value, KINDS.index(row.kind), row.rev]
    if row.error is not None or row.keys is not None:
        body.append(row.error)
    if row.keys is not None:
        body.append(row.keys)
    return orjson.dumps(body).decode()


def row_of(kpi: str, start: int, end: int, dims: bytes, body: bytes) -> Row:
    """A row as it was put in. About 1 us."""
    value, kind, rev, *more = orjson.loads(body)
    read: Dims = orjson.loads(dims)
    return Row(kpi, read, start, end, value, KINDS[kind], rev, *more)
