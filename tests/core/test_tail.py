"""The live tail: who asked for which events gets them, with what became of them, at a bounded cost."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import orjson
import pytest

from gateway.core import tail
from gateway.core.producer import Arrival
from gateway.core.specimen import Opened, open_arrival
from gateway.core.tail import LINGER_MS, MAX_STREAMS
from gateway.errors import ProtocolError
from gateway.wire.messages import Match
from tests.core.simulated_client import NOW
from tests.core.watching import Watched, shown


def sale(user: str = "u1", event: str = "buy", **properties: Any) -> dict[str, Any]:
    return {"event": event, "timestamp": NOW - 5_000, "distinct_id": user, "properties": properties}


def test_nothing_is_looked_at_when_nobody_watches() -> None:
    """The flag says so: it is all that the ingest path asks."""
    world = Watched()
    told = [world.tail.watched]
    world.watch()
    assert [*told, world.tail.watched] == [False, True]
    assert world.tail.streams == 1


def test_an_event_is_shown_with_what_became_of_it() -> None:
    """Accepted, warned, dropped and repeated ones, each with its reason, its KPIs, and its corrected time."""
    world = Watched()
    stream = world.watch()
    twin = sale(value=3, country="DE") | {"uuid": "twin-1"}
    world.count([twin, twin, sale() | {"timestamp": 5}, b'{"event":"x","properties":{"a":NaN}}'], offset=100)
    got = [(e["verdict"], e["reason"], e["kpis"], e["time"], e["nth"]) for e in shown(stream)]
    assert got == [
        ("accepted", "", ["events", "value_by_country", "users"], NOW - 5_100, 0),
        ("duplicate", "uuid", [], NOW - 5_100, 1),
        ("drop", "late", [], None, 2),
        ("drop", "bad_json", [], None, 3),
    ]


def test_an_event_that_was_clamped_counts_and_says_so() -> None:
    """A warning does not keep it from its KPIs."""
    world = Watched()
    stream = world.watch(verdict="warn")
    world.count([sale() | {"timestamp": NOW + 10_000_000}, sale()])
    (event,) = shown(stream)
    assert (event["reason"], event["time"], event["kpis"]) == ("clamped", NOW + 300_000, ["events", "users"])


@pytest.mark.parametrize(
    ("match", "users"),
    [
        ({}, ["a", "b", "c", "d"]),
        ({"event": "view"}, ["c"]),
        ({"distinct_id": "b"}, ["b"]),
        ({"properties": {"country": "FR"}}, ["b", "d"]),
        ({"verdict": "drop"}, []),
        ({"event": "never"}, []),
    ],
)
def test_streams_have_what_they_ask_for(match: dict[str, Any], users: list[str]) -> None:
    """Whatever else is watched beside them; what matches nothing is seen and counted all the same."""
    world = Watched()
    world.watch(event="other")
    stream = world.watch(**match)
    world.count(
        [sale("a", country="DE"), sale("b", country="FR")],
        [sale("c", "view")],
        [{"event": "buy", "timestamp": NOW}],
        defaults={"distinct_id": "d", "properties": {"country": "FR"}},
    )
    world.now += 2_000
    world.count([])
    message = orjson.loads(stream.snapshot(0, lambda: ()).frames(1)[0]())
    wanted = users if "properties" not in match else ["b", "c", "d"]
    assert sorted(e["distinct_id"] for e in message["events"]) == wanted
    assert (message["seen"], message["looked"]) == (4, 4)
    assert message["matched"] == len(wanted)


def test_the_rate_bounds_what_is_shown_and_says_of_how_many() -> None:
    """A burst is shown from all over, not its beginning; the next second has room again."""
    world = Watched()
    stream = world.watch(max_rate=10)
    world.count([sale(f"u{i}") for i in range(400)])
    message = orjson.loads(stream.snapshot(0, lambda: ()).frames(1)[0]())
    assert (len(message["events"]), message["matched"], message["seen"]) == (10, 400, 400)
    assert [e["nth"] for e in message["events"]] == list(range(0, 400, 40))
    world.count([sale()])
    assert len(shown(stream)) == 10
    world.now += 1_000
    world.count([sale()])
    assert len(shown(stream)) == 11


def test_several_batches_share_the_room() -> None:
    """One producer's flood does not hide the others in its group."""
    world = Watched()
    stream = world.watch(max_rate=20)
    world.count([sale("flood")] * 450, [sale("b")] * 5, [sale("c")] * 5)
    users = [e["distinct_id"] for e in shown(stream)]
    assert len(users) <= 20
    assert {"flood", "b", "c"} == set(users)


def test_a_busy_stream_does_not_starve_one_that_looks_for_something() -> None:
    """A needle in a hundred batches is found while another stream is over its rate."""
    world = Watched()
    world.watch(max_rate=1)
    rare = world.watch(distinct_id="needle")
    batches = [[sale(f"u{i}")] * 20 for i in range(100)]
    batches[61][7] = sale("needle")
    world.count(*batches)
    (event,) = shown(rare)
    assert event["nth"] == 7
    message = orjson.loads(rare.snapshot(0, lambda: ()).frames(1)[0]())
    assert (message["looked"], message["seen"], message["matched"]) == (2_000, 2_000, 1)


def test_the_work_of_a_second_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than it is left unseen, and the stream says how many of how many it looked at; nothing is opened for it."""
    monkeypatch.setattr(tail, "WORK_BYTES", 8 * 8_192)
    monkeypatch.setattr(tail, "BURST_BYTES", 2 * 8_192)
    world = Watched()
    opened: list[int] = []

    def opening(arrival: Arrival) -> Opened:
        opened.append(arrival.seq)
        return open_arrival(arrival)

    monkeypatch.setattr(tail, "open_arrival", opening)
    # Matches in every batch, and its texts are written in a way that no look at bytes can rule out.
    stream = world.watch(properties={"page": "/é"})
    for _ in range(50):
        world.count(*[[sale(f"u{i}")] * 20 for i in range(20)])
    world.now += 1_000
    world.count([])
    message = orjson.loads(stream.snapshot(0, lambda: ()).frames(1)[0]())
    assert message["seen"] == 20_000
    assert 0 < message["looked"] < 1_000
    assert message["looked"] == 20 * len(opened)


def test_a_batch_that_is_larger_than_the_work_of_a_second_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once there is any: it must not stand in the way for ever."""
    monkeypatch.setattr(tail, "WORK_BYTES", 400)
    monkeypatch.setattr(tail, "BURST_BYTES", 100)
    monkeypatch.setattr(tail, "SPECIMEN_BYTES", 10)
    monkeypatch.setattr(tail, "CALL_BYTES", 0)
    world = Watched()
    stream = world.watch()
    for _ in range(2):
        world.count([sale("x" * 100)])
        world.now += 1_000
    world.count([])
    assert orjson.loads(stream.snapshot(0, lambda: ()).frames(1)[0]())["looked"] == 2


def test_equal_wishes_share_a_stream_and_it_lingers() -> None:
    """Who comes back within half a minute finds what happened meanwhile; after that it is gone, and so is the work."""
    world = Watched()
    stream = world.watch(event="buy")
    assert world.tail.stream(Match(event="buy"), 200.0, NOW) is stream
    stream.subscribers = 0
    world.count([sale()])
    world.now += LINGER_MS - 1
    world.count([sale()])
    assert world.tail.stream(Match(event="buy"), 200.0, world.now) is stream
    assert len(shown(stream)) == 2
    world.now += 1
    world.tail.publish(world.now)
    assert not world.tail.watched
    again = world.watch(event="buy")
    assert again is not stream
    assert again.version > stream.version, "an offset of the former one means nothing here"


def test_a_viewer_that_is_back_keeps_it() -> None:
    """The half minute counts from the last viewer."""
    world = Watched()
    stream = world.watch()
    stream.subscribers = 0
    world.tail.publish(world.now)
    stream.subscribers = 1
    world.now += LINGER_MS
    world.tail.publish(world.now)
    stream.subscribers = 0
    world.tail.publish(world.now)
    world.now += LINGER_MS - 1
    world.tail.publish(world.now)
    assert world.tail.watched


def test_streams_are_bounded() -> None:
    """One more than there may be takes the place of one that nobody watches, or is refused."""
    world = Watched()
    streams = [world.watch(event=f"e{i}") for i in range(MAX_STREAMS)]
    with pytest.raises(ProtocolError) as caught:
        world.watch(event="more")
    assert caught.value.slug == "too_many_subscriptions"
    streams[3].subscribers = 0
    world.tail.publish(world.now)
    world.watch(event="more")
    assert world.tail.streams == MAX_STREAMS
    assert world.tail.stream(Match(event="e4"), 200.0, world.now) is streams[4]


@pytest.mark.parametrize("match", [{"properties": {"email": "a"}}, {"distinct_id": "u1"}])
def test_what_is_redacted_cannot_be_asked_for(match: dict[str, Any]) -> None:
    """A filter would tell what the event does not."""
    world = Watched(redacted=["email", "distinct_id"])
    with pytest.raises(ProtocolError) as caught:
        world.watch(**match)
    assert caught.value.slug == "redacted"
    stream = world.watch(event="buy")
    world.count([sale("s3cret", email="s3cret")])
    (event,) = shown(stream)
    assert "s3cret" not in str(event)


def test_a_changed_set_of_kpis_is_what_events_are_held_against() -> None:
    """From the next event on."""
    world = Watched()
    stream = world.watch()
    world.count([sale()])
    world.fold.reload(world.fold.specs[:1])
    world.count([sale()])
    assert [e["kpis"] for e in shown(stream)] == [["events", "users"], ["events"]]


def test_a_hostile_event_does_not_end_the_watch() -> None:
    """Nested as deep as a parser reads, with redaction and a filter that looks at it: it is shown as rejected."""
    world = Watched(redacted=["email"])
    stream, other = world.watch(), world.watch(properties={"a": "x"})
    deep = b'{"event":"deep","properties":' + b'{"a":' * 1_000 + b"1" + b"}" * 1_000 + b"}"
    world.count([deep, sale()])
    assert [(e["verdict"], e["reason"]) for e in shown(stream)] == [("drop", "too_deep"), ("accepted", "")]
    assert shown(other) == []


HOSTILE = [
    b"7", b"null", b'""', b"[]", b"{}", b'{"event":7}', b'{"event":null,"properties":null}',
    b'{"event":"a","properties":[]}',
    b'{"event":"a","event":"b"}', b'{"event":"a","timestamp":1e300}', b'{"event":"a","timestamp":"soon"}',
    b'{"event":"a","timestamp":{"x":1}}', b'{"event":"a","distinct_id":{"x":1}}', b'{"event":"a","uuid":[1]}',
    b'{"event":"a\\u0000"}', b'{"event":"a","x":"\\ud800"}', b'{"event":"a","properties":{"n":1e400}}',
    b'{"event":"a","properties":{"n":123456789012345678901234567890}}', b'{"event":"a","properties":{"":{"":""}}}',
    b'{"event":"a","properties":{"email":{"email":[{"email":1}]}}}', b'{"event":"\xc3\xa9","distinct_id":"\\u00e9"}',
    b'{"event":"a","properties":{"__proto__":1,"event":2,"timestamp":"x","distinct_id":[]}}',
    b'{"events":[{"event":"a"}]}', b'{"event":"a","said":1,"properties":{"properties":{}}}',
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_whatever_comes_is_shown_bounded_and_accounted_for(seed: int) -> None:
    """Any mix of good and hostile events: each that was seen has the verdict of the ledger, and nothing raises."""
    chance = random.Random(seed)
    world = Watched(redacted=["email"] if seed % 2 else [])
    stream = world.watch()
    world.watch(properties={"n": 1.0, "": "x"})
    world.watch(event="é")
    batches = []
    for _ in range(chance.randint(1, 3)):
        events: list[Any] = [
            chance.choice([*HOSTILE, sale(), sale(email="s3cret")]) for _ in range(chance.randint(1, 9))
        ]
        batches.append(events)
    defaults = chance.choice([None, {"distinct_id": "d", "properties": {"email": "s3cret", "n": 1}}])
    world.count(*batches, defaults=defaults)
    found = shown(stream)
    verdicts = Counter(event["verdict"] for event in found)
    ledger = world.fold.ledger
    assert len(found) == ledger.sent == sum(map(len, batches))
    assert (verdicts["drop"], verdicts["duplicate"], verdicts["warn"]) == (
        ledger.rejected,
        ledger.duplicate,
        ledger.warned,
    )
    if seed % 2:
        assert "s3cret" not in str(found)
