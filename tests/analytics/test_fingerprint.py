"""Fingerprints tell states apart, and see over what does not belong to them."""

from __future__ import annotations

from typing import Any

import pytest

from analytics import Batch, Engine, KpiSpec
from analytics.fingerprint import fingerprint

SPECS = KpiSpec.parse(
    """
[[kpi]]
name = "views"
value = "count(*)"
by = ["page"]
window = "tumbling 1s"
grace = "5s"

[[kpi]]
name = "visits"
value = "count(*)"
window = "session 2s"
grace = "5s"
"""
)
CLOCK, VIEWS, VISITS = 0, 1, 2


def event(at: int, who: str = "u", page: str = "/") -> dict[str, Any]:
    return {"event": "e", "timestamp": at, "distinct_id": who, "properties": {"page": page}}


def engine_of(*batches: list[dict[str, Any]], ticks: bool = False) -> Engine:
    engine = Engine(SPECS)
    for batch in batches:
        engine.ingest(Batch.from_events([e | e["properties"] for e in batch]), now=0)
        if ticks:
            engine.advance(now=0)
    return engine


def counted(engine: Engine) -> list[str]:
    return [part.counted for part in fingerprint(engine.snapshot()).values()]


def whole(engine: Engine) -> list[str]:
    return [part.whole for part in fingerprint(engine.snapshot()).values()]


EVENTS = [event(100, "a"), event(900, "b", "/x"), event(1_700, "a"), event(2_100, "c"), event(6_900, "b")]


def test_a_copy_has_the_same() -> None:
    """Both of every part, however it is split."""
    engine = engine_of(EVENTS, ticks=True)
    copy = Engine.restore(SPECS, engine.snapshot())
    assert (counted(copy), whole(copy)) == (counted(engine), whole(engine))


def test_ticks_change_what_was_published_and_not_what_was_counted() -> None:
    """The same events in another split, with other ticks."""
    quiet, busy = engine_of(EVENTS), engine_of(*([one] for one in EVENTS), ticks=True)
    assert counted(quiet) == counted(busy)
    assert whole(quiet)[VIEWS] != whole(busy)[VIEWS]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (event(6_900, "b", "/x"), {VIEWS}),
        (event(6_900, "c"), {VISITS}),
        (event(6_901, "b"), {CLOCK, VIEWS, VISITS}),
        (event(5_100, "b"), {CLOCK, VIEWS, VISITS}),
    ],
)
def test_another_event_changes_what_it_counts_for(change: dict[str, Any], parts: set[int]) -> None:
    """Its page, who it is from, when it was: each where it belongs, and nowhere else."""
    before, after = counted(engine_of(EVENTS)), counted(engine_of([*EVENTS[:-1], change]))
    assert {part for part in (CLOCK, VIEWS, VISITS) if before[part] != after[part]} == parts


def test_an_engine_without_events_has_one() -> None:
    """There are no sessions in it."""
    assert counted(Engine(SPECS)) == counted(Engine.restore(SPECS, Engine(SPECS).snapshot()))
    assert counted(Engine(SPECS)) != counted(engine_of(EVENTS))
