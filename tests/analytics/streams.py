"""Generated event streams, and how a test feeds them to an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from hypothesis import strategies as st

from analytics import Batch, Engine, Row
from tests.analytics.model import DAY, EPOCH, Event, Spans, day_steps, days, even, steps, typed

HOUR = 3_600_000

Stream = Sequence[tuple[Event, str]]

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


def views(*moments: tuple[int, str]) -> Stream:
    """One person's page views at these times, each from its source: for streams that are told by time alone."""
    properties = {"price": None, "page": "/", "country": "DE"}
    event = {"event": "view", "distinct_id": "a", "session_id": None, "properties": properties}
    return [(event | {"timestamp": time}, source) for time, source in moments]


class Windows(NamedTuple):
    """A window definition and the model's idea of it. Generated times are stretched by `scale`, from `base` on."""

    text: str
    spans: Spans
    tz: str = "UTC"
    scale: int = 1
    base: int = 0

    def moved(self, stream: Stream) -> Stream:
        """A generated stream where these windows are."""
        return [
            (dict(event) | {"timestamp": self.base + event["timestamp"] * self.scale}, source)
            for event, source in stream
        ]

    def ms(self, time: int) -> str:
        """A generated duration, stretched as the stream is."""
        return f"{time * self.scale}ms"


def _local(text: str, zone: str, day: date, spans: Callable[[str, int], Spans]) -> Windows:
    """Windows of local days, with 40 generated seconds over the four days from one before `day` on."""
    base = (day.toordinal() - EPOCH - 1) * DAY
    return Windows(text, spans(zone, base), zone, 4 * DAY // 40_000, base)


BERLIN_23, BERLIN_25 = date(2025, 3, 30), date(2025, 10, 26)
SAO_PAULO_23 = date(2018, 11, 4)  # the clock jumped from midnight to one
KINDS = [
    Windows("tumbling 5s", even(5_000, 5_000)),
    Windows("tumbling 700ms", even(700, 700)),
    Windows("sliding 10s every 5s", even(10_000, 5_000)),
    Windows("sliding 10s every 4s", even(10_000, 4_000)),
    Windows("sliding 7s every 3s", even(7_000, 3_000)),
    Windows("cumulative 15s every 1s", steps(15_000, 1_000)),
    Windows("cumulative 12s every 3s", steps(12_000, 3_000)),
    _local("tumbling 1d", "Europe/Berlin", BERLIN_23, lambda zone, base: days(zone, base, 1, 1)),
    _local("sliding 3d every 1d", "Europe/Berlin", BERLIN_25, lambda zone, base: days(zone, base, 3, 1)),
    _local("cumulative 1d every 1h", "Europe/Berlin", BERLIN_23, lambda zone, base: day_steps(zone, base, HOUR)),
    _local("cumulative 1d every 4h", "Europe/Berlin", BERLIN_25, lambda zone, base: day_steps(zone, base, 4 * HOUR)),
    _local("tumbling 1d", "America/Sao_Paulo", SAO_PAULO_23, lambda zone, base: days(zone, base, 1, 1)),
    _local("cumulative 1d every 2h", "America/Sao_Paulo", SAO_PAULO_23, lambda z, base: day_steps(z, base, 2 * HOUR)),
    _local("sliding 2d every 2d", "Asia/Kolkata", BERLIN_23, lambda zone, base: days(zone, base, 2, 2)),
    _local("cumulative 1d every 3h", "Asia/Kolkata", BERLIN_23, lambda zone, base: day_steps(zone, base, 3 * HOUR)),
]
WINDOWS = st.sampled_from(KINDS)
TIMES = st.sampled_from([0, 1_000, 2_500, 8_000])


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
