"""What the windows of R6 must show, counted window by window over all events, and the comparison."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

__all__ = ["Events", "different", "expect", "read"]

_QUANTILE, _QUANTILE_ERROR = 0.95, 0.0101
_STEPS, _WITHIN = (0, 1, 39), 5_000
# An estimate may be off by so many times the error that its row states; one in 15,000 is by more.
_ERRORS = 4
_KEYS, _USERS, _PATHS = 100, 2_000, 40
_NEVER = 1 << 60
_SIZES = {"tumbling": (10_000, 10_000), "sliding": (60_000, 1_000)}

Ints = NDArray[np.int64]
Expected = dict[tuple[str, int], Any]


class Events(NamedTuple):
    """The columns of a stream `streams.keyed`, ascending in time; keys, users and paths as their numbers."""

    time: Ints
    key: Ints
    value: Ints
    user: Ints
    path: Ints


def read(file: Path) -> Events:
    """The events of a file."""
    rows = []
    with file.open("rb") as lines:
        for one in map(orjson.loads, lines):
            own = one["properties"]
            rows.append(
                (
                    one["timestamp"],
                    int(one["distinct_id"][1:]),
                    own["value"],
                    int(own["user"][1:]),
                    int(own["path"][1:]),
                )
            )
    return Events(*np.array(rows, np.int64).T)


def expect(events: Events, measure: str, kind: str) -> Expected:
    """(key, start) -> value, for `top` the number of each path."""
    expected: Expected = {}
    size, hop = _SIZES[kind]
    chains = _chains(events) if measure == "funnel" else []
    for start, part in _windows(events, size, hop):
        present = np.bincount(part.key, minlength=_KEYS)
        values = _reached(chains, start, start + size) if measure == "funnel" else _values(part, measure)
        for key in np.flatnonzero(present).tolist():
            expected[f"k{key}", start] = values[key]
    return expected


def _windows(events: Events, size: int, hop: int) -> Iterator[tuple[int, Events]]:
    """Start and events of every window that has some."""
    first = (int(events.time[0]) - size) // hop * hop + hop
    for start in range(first, int(events.time[-1]) + 1, hop):
        low, high = np.searchsorted(events.time, (start, start + size))
        if high > low:
            yield start, Events(*(column[low:high] for column in events))


def _values(part: Events, measure: str) -> Any:
    match measure:
        case "count":
            return np.bincount(part.key, minlength=_KEYS).tolist()
        case "sum":
            return np.bincount(part.key, part.value, _KEYS).tolist()
        case "max":
            largest = np.full(_KEYS, -1)
            np.maximum.at(largest, part.key, part.value)
            return largest.tolist()
        case "uniq":
            seen = np.zeros((_KEYS, _USERS), np.bool_)
            seen[part.key, part.user] = True
            return seen.sum(axis=1).tolist()
        case "quantile":
            order = np.lexsort((part.value, part.key))
            ends = np.searchsorted(part.key[order], np.arange(_KEYS + 1))
            ranks = (_QUANTILE * (np.diff(ends) - 1) + 1e-9).astype(np.int64)
            return part.value[order][np.minimum(ends[:-1] + ranks, len(order) - 1)].tolist()
        case "top":
            return np.bincount(part.key * _PATHS + part.path, minlength=_KEYS * _PATHS).reshape(_KEYS, _PATHS).tolist()
    raise KeyError(measure)


def _chains(events: Events) -> list[list[Ints]]:
    """By key, of each event that is the first step, when the chain that it begins gets to each step; far away where it
    does not, or not in time. The next step is the first event that meets it, at the same time or later.
    """
    found = []
    for key in range(_KEYS):
        mine = events.key == key
        times = [events.time[mine & (events.path == path)] for path in _STEPS]
        reached = [times[0]]
        for those in times[1:]:
            then = np.append(those, _NEVER)[np.searchsorted(those, reached[-1])]
            reached.append(np.where(then <= times[0] + _WITHIN, then, _NEVER))
        found.append(reached)
    return found


def _reached(chains: list[list[Ints]], start: int, end: int) -> list[dict[str, list[int]]]:
    """Whether any chain that begins in the window gets to each step before its end."""
    return [{"steps": [int(((reached[0] >= start) & (times < end)).any()) for times in reached]} for reached in chains]


def different(expected: Expected, measure: str, rows: list[Any]) -> list[str]:
    """Where rows (key, start, value, and the error if it is an estimate) are wrong, or there twice.

    Of a top list that states bounds, the true counts must be within them.
    """
    found = {(key, start): (value, error[0] if error else None) for key, start, value, *error in rows}
    places = [f"{len(rows) - len(found)} rows too many"] if len(rows) != len(found) else []
    for place in sorted(expected.keys() | found.keys()):
        want, (have, error) = expected.get(place), found.get(place, (None, None))
        if want is None or have is None or not _equal(measure, want, have, error or 0.0):
            places.append(f"{measure} {place}: expected {want}, found {have}")
    return places


def _equal(measure: str, want: Any, have: Any, error: float) -> bool:
    if measure == "top":
        items, bounds = have["items"], have.get("bounds")
        if bounds:
            counts = [want[int(path[1:])] for path, _ in items]
            return all(low <= n <= high for n, (low, high) in zip(counts, bounds, strict=True))
        largest = sorted((n for n in want if n), reverse=True)[:10]
        return [n for _, n in items] == largest and all(want[int(path[1:])] == n for path, n in items)
    if measure == "funnel":
        return bool(have == want)
    if measure == "quantile":
        return bool(abs(have - want) <= _QUANTILE_ERROR * want)
    return bool(abs(have - want) <= _ERRORS * error * want)
