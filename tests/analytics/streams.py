"""Generated event streams, and how a test feeds them to an engine."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

from hypothesis import strategies as st

from analytics import Batch, Engine, Row
from tests.analytics.model import Event, typed

PRICES = st.one_of(
    st.none(),
    st.integers(-5, 5),
    st.sampled_from([0.1, 0.2, 1e15, -1e15, 2.5, "7", True, 2**53 + 1]),
)
EVENTS = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["view", "buy"]),
        "timestamp": st.integers(0, 40_000),
        "distinct_id": st.sampled_from(["a", "b", "c", None]),
        "session_id": st.none(),
        "properties": st.fixed_dictionaries(
            {
                "price": PRICES,
                "page": st.sampled_from(["/", "/a", "/b", 7, None]),
                "country": st.sampled_from(["DE", "FR", 1, True, "1", None]),
            }
        ),
    }
)
SOURCES = st.sampled_from(["s1", "s2", "s3"])
STREAMS = st.lists(st.tuples(EVENTS, SOURCES), min_size=1, max_size=60)
WINDOWS = st.sampled_from(
    [
        ("tumbling 5s", 5_000, 5_000),
        ("tumbling 700ms", 700, 700),
        ("sliding 10s every 5s", 10_000, 5_000),
        ("sliding 10s every 4s", 10_000, 4_000),
        ("sliding 7s every 3s", 7_000, 3_000),
    ]
)
TIMES = st.sampled_from([0, 1_000, 2_500, 8_000])

Stream = Sequence[tuple[Event, str]]


def batch(stream: Stream) -> Batch:
    """One batch of events of several sources."""
    made = Batch.from_events([event for event, _ in stream])
    made.sources = [(source, len(list(group))) for source, group in groupby(source for _, source in stream)]
    return made


def pieces(stream: Stream, cuts: Sequence[int]) -> list[Stream]:
    """The stream cut at these positions."""
    places = [0, *sorted({cut % (len(stream) + 1) for cut in cuts} - {0, len(stream)}), len(stream)]
    return [stream[a:b] for a, b in pairwise(places)]


def feed(engine: Engine, stream: Stream, cuts: Sequence[int] = ()) -> None:
    """Ingest the stream in pieces."""
    for piece in pieces(stream, cuts):
        engine.ingest(batch(piece), 0)


def settled(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Final rows and corrections as the model has them."""
    return [(row.start, row.end, key_of(row), row.value, row.kind, row.rev) for row in rows if row.kind != "partial"]


def key_of(row: Row) -> Any:
    """The one dimension of a row with its type, or None."""
    return typed(next(iter(row.dims.values()))) if row.dims else None
