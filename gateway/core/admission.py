"""From the batches of a commit group to one batch of columns, with a verdict on every event that is not plain.

The steps, in order: what the text said, ids seen before, time. Each works on the whole group at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from analytics import Batch
from analytics.batch import time_ms
from analytics.dictionary import NULL, Encoded
from gateway.core.coding import codes_of
from gateway.core.dedup import UuidHorizon, batch_key, uuid_key
from gateway.core.producer import Arrival
from gateway.core.producers import ANONYMOUS
from gateway.wire.codec import Codec
from gateway.wire.events import EventReader
from gateway.wire.messages import Defaults

__all__ = ["Admitted", "Finding", "admit"]

PAST_MS = 48 * 3_600_000
FUTURE_MS = 5 * 60_000
_FAR = 2**61


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


def admit(arrivals: Sequence[Arrival], codec: Codec, horizon: UuidHorizon) -> Admitted:
    """Build the columns of a group. Event ids are remembered in `horizon`.

    Deterministic in its arguments, so that a replay of the log gives the same columns and verdicts. About 0.3 us an
    event of ordinary shape.
    """
    arrivals = _inspected(arrivals, codec)
    lengths = [a.events.n for a in arrivals]
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1])).tolist() if arrivals else []
    count = sum(lengths)
    skip = np.zeros(count, np.bool_)
    findings: list[Finding] = []
    for start, arrival in zip(starts, arrivals, strict=True):
        for verdict in arrival.verdicts or ():
            findings.append(Finding(start + verdict.nth, verdict.outcome, verdict.reason))
            if verdict.outcome == "drop":
                skip[start + verdict.nth] = True
    _drop_repeats(arrivals, lengths, skip, horizon, findings)
    _drop_repeated_batches(arrivals, starts, skip, horizon, findings)
    timestamp, clamped = _event_times(arrivals, lengths, skip, findings)
    batch = Batch(
        n=count,
        timestamp=timestamp,
        columns=_columns(arrivals, lengths, codec.reader),
        sources=[(a.producer.id, n) for a, n in zip(arrivals, lengths, strict=True)],
        holds=clamped if clamped.any() else None,
        skip=skip if skip.any() else None,
    )
    return Admitted(batch, findings, starts)


def _inspected(arrivals: Sequence[Arrival], codec: Codec) -> Sequence[Arrival]:
    """The arrivals with the verdicts that the texts of their events bring."""
    whole = [place for place, arrival in enumerate(arrivals) if arrival.verdicts is None]
    found = codec.inspect([arrivals[p].text for p in whole], [arrivals[p].events for p in whole])
    if not found:
        return arrivals
    result = list(arrivals)
    for nth, (events, verdicts) in found.items():
        result[whole[nth]] = replace(result[whole[nth]], events=events, verdicts=verdicts)
    return result


def _drop_repeats(
    arrivals: Sequence[Arrival],
    lengths: Sequence[int],
    skip: NDArray[np.bool_],
    horizon: UuidHorizon,
    findings: list[Finding],
) -> None:
    if all(a.events.uuid is None for a in arrivals):
        return
    uuids: list[str | None] = []
    for arrival, length in zip(arrivals, lengths, strict=True):
        uuids += arrival.events.uuid or [None] * length
    said = [(place, uuid) for place, uuid in enumerate(uuids) if uuid is not None and not skip[place]]
    places = [place for place, _ in said]
    for repeated in horizon.claim([uuid_key(uuid) for _, uuid in said]):
        place = places[repeated]
        skip[place] = True
        findings.append(Finding(place, "duplicate", "uuid"))


def _drop_repeated_batches(
    arrivals: Sequence[Arrival],
    starts: Sequence[int],
    skip: NDArray[np.bool_],
    horizon: UuidHorizon,
    findings: list[Finding],
) -> None:
    """The events without an id of their own, by the batch they are in. What nobody sent has no order, and is new."""
    keys, places = [], []
    for at, arrival in enumerate(arrivals):
        if not arrival.events.identified and arrival.producer.id != ANONYMOUS:
            keys.append(batch_key(arrival.producer.id, arrival.epoch, arrival.seq))
            places.append(at)
    for repeated in horizon.claim(keys):
        at = places[repeated]
        events = arrivals[at].events
        for place, uuid in enumerate(events.uuid or [None] * events.n, starts[at]):
            if uuid is None and not skip[place]:
                skip[place] = True
                findings.append(Finding(place, "duplicate", "uuid"))


def _event_times(
    arrivals: Sequence[Arrival],
    lengths: Sequence[int],
    skip: NDArray[np.bool_],
    findings: list[Finding],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Event times in the server's clock, and which of them had to be clamped."""
    received = np.repeat(np.array([a.received_at for a in arrivals], np.int64), lengths)
    parts: list[Any] = [a.events.timestamp for a in arrivals]
    if set(map(type, parts)) <= {bytes}:
        shifts = np.array([a.events.origin - a.offset_ms for a in arrivals], np.int64)
        times = np.frombuffer(b"".join(parts), np.int64) + np.repeat(shifts, lengths)
    else:
        offsets = np.repeat(np.array([a.offset_ms for a in arrivals], np.int64), lengths)
        origins = np.repeat(np.array([a.events.origin for a in arrivals], np.int64), lengths)
        said = list(chain.from_iterable([memoryview(p).cast("q") if type(p) is bytes else p for p in parts]))
        times = _mixed_times(said, origins, received, offsets, skip, findings)
    clean = np.clip(times, received - PAST_MS, received + FUTURE_MS)
    clamped = (clean != times) & ~skip
    if clamped.any():
        findings.extend(Finding(int(place), "warn", "clamped") for place in np.flatnonzero(clamped))
    return clean, clamped


def _mixed_times(
    said: Sequence[Any],
    origins: NDArray[np.int64],
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
            millis = time_ms(value if type(value) is str else value + int(origins[place]))
        except ValueError:
            if not skip[place]:
                skip[place] = True
                findings.append(Finding(place, "drop", "schema:timestamp"))
            continue
        # Bounded first: 1e300 has no int64. What is cut here is clamped further below.
        times[place] = min(max(millis, -_FAR), _FAR) - int(offsets[place])
    return times


def _columns(
    arrivals: Sequence[Arrival], lengths: Sequence[int], reader: EventReader
) -> dict[str, Sequence[Any] | Encoded]:
    """The columns of the group; where an event says nothing itself, what its connection said once."""
    given = {id(a.defaults): a.defaults for a in arrivals if a.defaults is not None}
    said = _said(given.values())
    columns: dict[str, Sequence[Any] | Encoded] = {}
    batches = [a.events for a in arrivals]
    for at, name in enumerate(reader.columns):
        coder = reader.coders.get(name)
        if coder is None:
            parts: list[Any] = [batch.values[at] for batch in batches]
            column = list(chain.from_iterable(parts))
            # Truth is asked for four times as fast as sameness, and nearly always settles it.
            if name in said and not all(column) and None in column:
                wide = chain.from_iterable(map(repeat, [_default(a, name) for a in arrivals], lengths))
                column = [value if value is not None else default for value, default in zip(column, wide, strict=True)]
            columns[name] = column
        else:
            codes = codes_of(batches, at)
            if name in said and not codes.all():
                wide_codes = np.repeat(coder.encode([_default(a, name) for a in arrivals]), lengths)
                codes = np.where(codes == NULL, wide_codes, codes)
            columns[name] = Encoded(codes, coder)
    return columns


def _said(defaults: Iterable[Defaults]) -> set[str]:
    """The columns that some of these defaults speak of."""
    names: set[str] = set()
    for one in defaults:
        names |= {"distinct_id", "session_id"} | (one.properties or {}).keys()
    return names


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
