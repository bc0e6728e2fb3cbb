"""One micro-batch as columns of plain values, before it is encoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.dictionary import Encoded

__all__ = ["Batch", "time_ms"]

_FIXED = ("event", "distinct_id", "session_id")


def time_ms(value: Any) -> int:
    """Epoch milliseconds of a number or an ISO-8601 text (without an offset: UTC).

    Raises:
        ValueError: neither of the two, or not finite.

    >>> time_ms("1970-01-01T00:00:01.5Z"), time_ms(1500)
    (1500, 1500)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"timestamp {value!r} is neither a number nor a text")
    if not isinstance(value, str):
        try:
            return int(value)
        except OverflowError as e:
            raise ValueError(f"timestamp {value!r} is not finite") from e
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    span = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1_000 + span.microseconds // 1_000


@dataclass(slots=True)
class Batch:
    """Columns of one micro-batch, all of length `n`. Once given to `ingest`, nobody changes it any more."""

    n: int
    # Event time in epoch ms, corrected and clamped.
    timestamp: Ints
    # `event`, `distinct_id`, `session_id` and the properties some KPI reads; None is an absent value.
    columns: Mapping[str, Sequence[Any] | Encoded]
    # (source id, number of consecutive events) in order of arrival; the numbers sum to `n`.
    sources: Sequence[tuple[str, int]]
    # True: the time was clamped and must not advance its source's watermark. None: no such event.
    holds: Bools | None = None
    # True: not to be counted at all, dropped or seen before. None: no such event.
    skip: Bools | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.timestamp), sum(count for _, count in self.sources), *map(len, self.columns.values())}
        if lengths != {self.n}:
            raise ValueError(f"a batch of {self.n} events has columns or sources of {sorted(lengths - {self.n})}")

    def parts(self, size: int) -> Iterator[Batch]:
        """The same events in batches of at most `size`."""
        return self.cut(range(size, self.n, size))

    def cut(self, places: Sequence[int]) -> Iterator[Batch]:
        """The same events in several batches, cut in front of these positions, ascending; a part may be empty."""
        bounds = np.cumsum([0, *(count for _, count in self.sources)]).tolist()
        names = [name for name, _ in self.sources]
        for start, stop in pairwise([0, *places, self.n]):
            spans = zip(names, bounds, bounds[1:], strict=False)
            yield Batch(
                stop - start,
                self.timestamp[start:stop],
                {name: column[start:stop] for name, column in self.columns.items()},
                [(name, min(b, stop) - max(a, start)) for name, a, b in spans if a < stop and b > start],
                None if self.holds is None else self.holds[start:stop],
                None if self.skip is None else self.skip[start:stop],
            )

    @classmethod
    def joined(cls, batches: Sequence[Batch]) -> Batch:
        """Several batches as one, in this order; a column that one of them lacks is absent there."""
        n = sum(batch.n for batch in batches)
        names = dict.fromkeys(name for batch in batches for name in batch.columns)
        columns = {name: _joined([batch.columns.get(name, batch.n) for batch in batches]) for name in names}
        sources = [source for batch in batches for source in batch.sources]
        times = np.concatenate([batch.timestamp for batch in batches])
        holds, skip = (
            None if all(mark is None for mark in marks) else np.concatenate(
                [np.zeros(b.n, np.bool_) if mark is None else mark for b, mark in zip(batches, marks, strict=True)]
            )
            for marks in ([batch.holds for batch in batches], [batch.skip for batch in batches])
        )  # fmt: skip
        return cls(n, times, columns, sources, holds, skip)

    @classmethod
    def from_events(cls, events: Iterable[Mapping[str, Any]], source: str = "local") -> Batch:
        """Make a batch of event objects as the protocol has them: `event`, `timestamp`, .. and `properties`.

        A property that is named like a fixed column is not reachable by that name. Costs a few microseconds an event;
        the gateway decodes columns without this.

        Raises:
            ValueError: an event without a usable `timestamp`.

        >>> batch = Batch.from_events([{"event": "buy", "timestamp": 5, "properties": {"price": 2}}])
        >>> batch.n, batch.columns["event"], batch.columns["price"]
        (1, ['buy'], [2])
        """
        rows = list(events)
        columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in _FIXED}
        for i, row in enumerate(rows):
            for name, value in (row.get("properties") or {}).items():
                if name not in columns:
                    columns[name] = [None] * len(rows)
                if name not in _FIXED:
                    columns[name][i] = value
        times = np.array([time_ms(row.get("timestamp")) for row in rows], np.int64)
        return cls(len(rows), times, columns, [(source, len(rows))] if rows else [])


def _joined(parts: Sequence[Sequence[Any] | Encoded | int]) -> Sequence[Any] | Encoded:
    """One column; a number stands for so many absent values."""
    first = parts[0]
    if isinstance(first, Encoded) and all(isinstance(part, Encoded) and part.goes_with(first) for part in parts):
        codes = np.concatenate([part.codes for part in parts if isinstance(part, Encoded)])
        return Encoded(codes, first.dictionary, first.generation)
    values: list[Any] = []
    for part in parts:
        values += [None] * part if isinstance(part, int) else part.values() if isinstance(part, Encoded) else part
    return values
