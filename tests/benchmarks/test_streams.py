"""The recorded streams: what is in them, and that they are the same each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from benchmarks.streams import START, auctions, keyed, shop, visits, write, ysb

STREAMS = [auctions, keyed, shop, visits, ysb]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_is_the_same_each_time_and_a_longer_one_begins_with_it(stream: Callable[[int], Iterator[str]]) -> None:
    """So sides that get less of it still get the same events."""
    assert list(stream(50)) == list(stream(50)) == list(stream(100))[:50]


@pytest.mark.parametrize("stream", STREAMS)
def test_events_have_name_time_and_user(stream: Callable[[int], Iterator[str]]) -> None:
    """Each line is one event of the protocol."""
    for line in stream(200):
        event = orjson.loads(line)
        assert event["event"]
        assert abs(event["timestamp"] - START) < 1_000
        assert event["distinct_id"]


def test_a_third_of_the_yahoo_events_are_views_of_100_campaigns() -> None:
    """The proportions of the original."""
    events = [orjson.loads(line) for line in ysb(6_000)]
    assert 1_800 < sum(event["event"] == "view" for event in events) < 2_200
    assert len({event["properties"]["campaign"] for event in events}) == 100
    ads = {(event["properties"]["ad_id"], event["properties"]["campaign"]) for event in events}
    assert len(ads) == len({ad for ad, _ in ads})


def test_nexmark_has_46_bids_of_50_events_and_refers_to_what_is_there() -> None:
    """No bid and no auction comes before its auction or its person."""
    kinds: Counter[str] = Counter()
    persons, open_auctions = set(), set()
    for event in map(orjson.loads, auctions(5_000)):
        kinds[event["event"]] += 1
        if event["event"] == "person":
            persons.add(event["distinct_id"])
            continue
        assert event["distinct_id"] in persons
        if event["event"] == "auction":
            open_auctions.add(event["properties"]["auction"])
        else:
            assert event["properties"]["auction"] in open_auctions
    assert kinds == {"person": 100, "auction": 300, "bid": 4_600}


def test_the_warm_up_is_the_first_tenth(tmp_path: Path) -> None:
    """Two files: all of it, and the beginning."""
    contest = write(keyed(95), 95, tmp_path, "x")
    whole = contest.file.read_text("ascii").splitlines()
    assert len(whole) == contest.events == 95
    assert contest.warm.read_text("ascii").splitlines() == whole[:10]
