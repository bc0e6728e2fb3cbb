"""From the batches of a commit group to one batch of columns, with a verdict on every event that is not plain.

The steps, in order: what the text said, ids seen before, time. Each works on the whole group at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics import Batch
from analytics.batch import time_ms
from gateway.core.dedup import UuidHorizon, uuid_key
from gateway.core.producer import Arrival
from gateway.wire.events import Event, EventReader

__all__ = ["Admitted", "Finding", "admit"]

PAST_MS = 48 * 3_600_000
FUTURE_MS = 5 * 60_000
_FAR = 2**61

_event_of = attrgetter("event")
_timestamp_of = attrgetter("timestamp")
_uuid_of = attrgetter("uuid")
_distinct_of = attrgetter("distinct_id")
_session_of = attrgetter("session_id")
_properties_of = attrgetter("properties")


class Finding(NamedTuple):
    """A verdict on one event of the group. `place` counts through all its events."""

    place: int
    outcome: str
    reason: str


class Admitted(NamedTuple):
    """What a group brings the engine, and what there is to say about its events."""

    batch: Batch
    findings: list[Finding]
    starts: list[int]
    """Where each arrival's events begin in the batch."""


def admit(arrivals: Sequence[Arrival], reader: EventReader, horizon: UuidHorizon) -> Admitted:
    """Build the columns of a group. Event ids are remembered in `horizon`.

    Deterministic in its arguments, so that a replay of the log gives the same columns and verdicts. About 0.5 us an
    event of ordinary shape.
    """
    lengths = [len(a.events) for a in arrivals]
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1])).tolist() if arrivals else []
    events: list[Event] = list(chain.from_iterable([a.events for a in arrivals]))
    count = len(events)
    skip = np.zeros(count, np.bool_)
    findings: list[Finding] = []
    for start, arrival in zip(starts, arrivals, strict=True):
        for verdict in arrival.verdicts:
            findings.append(Finding(start + verdict.nth, verdict.outcome, verdict.reason))
            if verdict.outcome == "drop":
                skip[start + verdict.nth] = True
    _drop_repeats(events, skip, horizon, findings)
    timestamp, clamped = _event_times(arrivals, lengths, events, skip, findings)
    batch = Batch(
        n=count,
        timestamp=timestamp,
        columns=_columns(arrivals, lengths, events, reader),
        sources=[(a.producer.id, n) for a, n in zip(arrivals, lengths, strict=True)],
        holds=clamped if clamped.any() else None,
        skip=skip if skip.any() else None,
    )
    return Admitted(batch, findings, starts)


def _drop_repeats(
    events: Sequence[Event], skip: NDArray[np.bool_], horizon: UuidHorizon, findings: list[Finding]
) -> None:
    uuids = list(map(_uuid_of, events))
    if uuids.count(None) == len(uuids):
        return
    places = [i for i, uuid in enumerate(uuids) if uuid is not None and not skip[i]]
    for repeated in horizon.claim([uuid_key(uuids[i]) for i in places]):
        place = places[repeated]
        skip[place] = True
        findings.append(Finding(place, "duplicate", "uuid"))


def _event_times(
    arrivals: Sequence[Arrival],
    lengths: Sequence[int],
    events: Sequence[Event],
    skip: NDArray[np.bool_],
    findings: list[Finding],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Event times in the server's clock, and which of them had to be clamped."""
    received = np.repeat(np.array([a.received_at for a in arrivals], np.int64), lengths)
    offsets = np.repeat(np.array([a.offset_ms for a in arrivals], np.int64), lengths)
    said = list(map(_timestamp_of, events))
    try:
        raw = np.array(said)
    except OverflowError:
        raw = np.array(said, object)
    if raw.dtype.kind == "i":
        times = raw.astype(np.int64, copy=False) - offsets
    else:
        times = _mixed_times(said, received, offsets, skip, findings)
    clean = np.clip(times, received - PAST_MS, received + FUTURE_MS)
    clamped = (clean != times) & ~skip
    if clamped.any():
        findings.extend(Finding(int(place), "warn", "clamped") for place in np.flatnonzero(clamped))
    return clean, clamped


def _mixed_times(
    said: Sequence[Any],
    received: NDArray[np.int64],
    offsets: NDArray[np.int64],
    skip: NDArray[np.bool_],
    findings: list[Finding],
) -> NDArray[np.int64]:
    times = received.copy()
    for place, value in enumerate(said):
        if value is None:
            continue  # absent: the time of receipt, which is in our clock already
        try:
            millis = time_ms(value)
        except ValueError:
            if not skip[place]:
                skip[place] = True
                findings.append(Finding(place, "drop", "schema:timestamp"))
            continue
        # Bounded first: 1e300 has no int64. What is cut here is clamped further below.
        times[place] = min(max(millis, -_FAR), _FAR) - int(offsets[place])
    return times


def _columns(
    arrivals: Sequence[Arrival], lengths: Sequence[int], events: Sequence[Event], reader: EventReader
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "event": list(map(_event_of, events)),
        "distinct_id": list(map(_distinct_of, events)),
        "session_id": list(map(_session_of, events)),
    }
    if reader.names:
        properties = list(map(_properties_of, events))
        if None in properties:
            empty = reader.no_properties
            properties = [p if p is not None else empty for p in properties]
        for name, attribute in zip(reader.names, reader.attributes, strict=True):
            columns[name] = list(map(attrgetter(attribute), properties))
    if any(a.defaults is not None for a in arrivals):
        _fill_defaults(arrivals, lengths, columns, reader.names)
    return columns


def _fill_defaults(
    arrivals: Sequence[Arrival], lengths: Sequence[int], columns: dict[str, list[Any]], names: Sequence[str]
) -> None:
    """Put what the connection said once where an event says nothing itself."""
    for name in ("distinct_id", "session_id", *names):
        column = columns[name]
        if None not in column:
            continue
        per_arrival = [_default(a, name) for a in arrivals]
        if any(value is not None for value in per_arrival):
            wide = chain.from_iterable(map(repeat, per_arrival, lengths))
            columns[name] = [
                value if value is not None else default for value, default in zip(column, wide, strict=True)
            ]


def _default(arrival: Arrival, name: str) -> Any:
    defaults = arrival.defaults
    if defaults is None:
        return None
    if name == "distinct_id":
        return defaults.distinct_id
    if name == "session_id":
        return defaults.session_id
    value = (defaults.properties or {}).get(name)
    return None if isinstance(value, (dict, list)) else value
