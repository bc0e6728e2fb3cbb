"""Changes in, steps out, to whoever watches."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from analytics import Changes, KpiSpec, Row
from gateway.core.hub import Hub
from gateway.core.outgoing import Outgoing
from gateway.core.redaction import Redaction
from gateway.core.rendering import PIECE_ROWS
from gateway.core.tail import Tail
from gateway.core.viewer import ViewerLimits, ViewerSession
from gateway.errors import ProtocolError
from gateway.wire.messages import From, Match, Subscribe
from gateway.wire.replies import Notice
from tests.core.test_viewer import FakePeer

SPECS = KpiSpec.parse(
    """
[[kpi]]
name = "views"
value = "count(*)"
window = "tumbling 1s"

[[kpi]]
name = "by_country"
value = "count(*)"
by = ["country"]
window = "tumbling 1s"

[[kpi]]
name = "so_far"
value = "count(*)"
window = "cumulative 1d every 1m"
"""
)


def hub_of(max_subscriptions: int = 4) -> Hub:
    return Hub(SPECS, "e1", lambda payload: payload + b"\n", max_subscriptions)


def viewer_of(hub: Hub, viewer_id: str | None = None) -> tuple[ViewerSession, FakePeer]:
    peer = FakePeer()
    viewer = ViewerSession(
        peer, peer, viewer_id, ViewerLimits(5_000, 15_000, 262_144), lambda *_: [], Outgoing(1 << 20)
    )
    hub.join(viewer)
    return viewer, peer


def row(kpi: str, value: int, **dims: Any) -> Row:
    return Row(kpi, dims, 0, 1_000, value, "partial", 0)


def deltas(viewer: ViewerSession, peer: FakePeer, now: int) -> list[dict[str, Any]]:
    viewer.flush(now)
    return [message for message in peer.take() if message["type"] == "delta"]


def refusal(hub: Hub, viewer: ViewerSession, wish: Subscribe) -> str:
    with pytest.raises(ProtocolError) as caught:
        hub.subscribe(viewer, wish, 0)
    assert caught.value.close is None
    return caught.value.slug


def test_only_who_watches_gets_rows() -> None:
    """Each topic has its own KPI and its own filter."""
    hub = hub_of()
    (everything, peer_a), (germany, peer_b) = viewer_of(hub), viewer_of(hub)
    hub.subscribe(everything, Subscribe(id=1, kpi="by_country"), 0)
    hub.subscribe(germany, Subscribe(id=1, kpi="by_country", where={"country": "DE"}), 0)
    everything.flush(0)
    germany.flush(0)
    rows = [row("views", 9), row("by_country", 1, country="DE"), row("by_country", 2, country="FR")]
    hub.publish(Changes(rows, {"views": 5, "by_country": 5}))
    (all_rows,) = deltas(everything, peer_a, 1_000)
    (german,) = deltas(germany, peer_b, 1_000)
    assert [r["value"] for r in all_rows["set"]] == [1, 2]
    assert [r["value"] for r in german["set"]] == [1]
    assert german["watermark"] == 5


def test_rows_of_cumulative_windows_are_told_apart_by_their_end() -> None:
    """Steps of a day that changed together all arrive, and of one step the latest row."""
    hub = hub_of()
    viewer, peer = viewer_of(hub)
    hub.subscribe(viewer, Subscribe(id=1, kpi="so_far"), 0)
    viewer.flush(0)
    rows = [Row("so_far", {}, 0, end, value, "final", 0) for end, value in ((60, 1), (120, 2), (60, 3))]
    hub.publish(Changes(rows, {"so_far": 5}))
    (delta,) = deltas(viewer, peer, 1_000)
    assert [(r["end"], r["value"]) for r in delta["set"]] == [(60, 3), (120, 2)]


def test_a_watermark_alone_is_a_step_each_second() -> None:
    """Tiles show its age, so it is told, but not at every tick."""
    hub = hub_of()
    viewer, peer = viewer_of(hub)
    hub.subscribe(viewer, Subscribe(id=1, kpi="views"), 0)
    viewer.flush(0)
    told = []
    for tick in range(21):
        hub.publish(Changes([], {"views": 1_000 + tick * 100}))
        told += [delta["watermark"] for delta in deltas(viewer, peer, 10_000 + tick * 1_000)]
    assert told == [1_000, 2_000, 3_000]


def test_rows_without_a_watermark_leave_it_as_it_is() -> None:
    """Those that could not wait come before the windows around them are complete."""
    hub = hub_of()
    viewer, peer = viewer_of(hub)
    hub.subscribe(viewer, Subscribe(id=1, kpi="views"), 0)
    viewer.flush(0)
    hub.publish(Changes([row("views", 1)], {"views": 5}))
    assert [delta["watermark"] for delta in deltas(viewer, peer, 1_000)] == [5]
    hub.publish(Changes([row("views", 2)], {}))
    (delta,) = deltas(viewer, peer, 2_000)
    assert ([r["value"] for r in delta["set"]], delta["watermark"]) == ([2], 5)


@pytest.mark.parametrize(
    ("wish", "slug"),
    [
        (Subscribe(id=2, kpi="nonsense"), "unknown_kpi"),
        (Subscribe(id=2, kpi="by_country", where={"colour": "red"}), "bad_where"),
        (Subscribe(id=1, kpi="views"), "bad_subscription"),
    ],
)
def test_a_wrong_wish_has_a_slug(wish: Subscribe, slug: str) -> None:
    """An error, never a close."""
    hub = hub_of()
    viewer, _ = viewer_of(hub)
    hub.subscribe(viewer, Subscribe(id=1, kpi="views"), 0)
    assert refusal(hub, viewer, wish) == slug


def test_subscriptions_are_bounded() -> None:
    """As many as configured."""
    hub = hub_of(max_subscriptions=2)
    viewer, _ = viewer_of(hub)
    for id_ in (1, 2):
        hub.subscribe(viewer, Subscribe(id=id_, kpi="views"), 0)
    assert refusal(hub, viewer, Subscribe(id=3, kpi="views")) == "too_many_subscriptions"
    hub.unsubscribe(viewer, 1)
    hub.subscribe(viewer, Subscribe(id=3, kpi="views"), 0)
    with pytest.raises(ProtocolError):
        hub.unsubscribe(viewer, 1)


def test_an_offset_of_a_dropped_topic_means_nothing_to_the_next() -> None:
    """A narrowed topic that nobody watched is made anew with higher versions."""
    hub = hub_of()
    viewer, peer = viewer_of(hub)
    wish = Subscribe(id=1, kpi="by_country", where={"country": "DE"})
    hub.subscribe(viewer, wish, 0)
    hub.publish(Changes([row("by_country", 1, country="DE")], {}))
    hub.unsubscribe(viewer, 1)
    hub.subscribe(viewer, Subscribe(id=1, kpi="by_country", where={"country": "DE"}, start=From("e1", 1)), 0)
    viewer.flush(0)
    (message,) = peer.take()
    assert (message["type"], message["offset"]) == ("snapshot", 2)


def test_an_evicted_viewer_is_told_once() -> None:
    """Within a minute, by its id."""
    hub = hub_of()
    viewer, _ = viewer_of(hub, "v-1")
    hub.evict(viewer, now=1_000)
    assert hub.evicted("other", 2_000) is None
    assert hub.evicted("v-1", 2_000) == "slow"
    assert hub.evicted("v-1", 2_000) is None
    other, _ = viewer_of(hub, "v-2")
    hub.evict(other, now=1_000)
    assert hub.evicted("v-2", 61_001) is None
    assert (hub.evictions, len(hub.viewers)) == ({"slow": 2}, 0)


def test_leaving_frees_the_topics() -> None:
    """Leaving twice is harmless; what was sent stays counted."""
    hub = hub_of()
    viewer, peer = viewer_of(hub)
    hub.subscribe(viewer, Subscribe(id=1, kpi="views"), 0)
    viewer.flush(0)
    hub.publish(Changes([row("views", 1)], {}))
    assert len(deltas(viewer, peer, 5_000)) == 1
    hub.leave(viewer)
    hub.leave(viewer)
    assert hub.totals() == {"deltas": 1, "snapshots": 1, "conflations": 0}


def test_another_set_of_kpis_tells_its_viewers() -> None:
    """What is gone is said; what stays gets a snapshot with its new definition."""
    hub = hub_of()
    viewer, peer = viewer_of(hub)
    hub.subscribe(viewer, Subscribe(id=1, kpi="views"), 0)
    hub.subscribe(viewer, Subscribe(id=2, kpi="by_country"), 0)
    viewer.flush(0)
    peer.take()
    changed = KpiSpec.parse('[[kpi]]\nname = "views"\ntitle = "Views"\nvalue = "count(*)"\nwindow = "tumbling 1s"\n')
    hub.replace(changed)
    assert [orjson.dumps(m._asdict()) for m in peer.said] == [b'{"code":"unknown_kpi","id":2,"seq":null}']
    viewer.flush(0)
    (message,) = peer.take()
    assert (message["type"], message["meta"]["title"]) == ("snapshot", "Views")
    assert refusal(hub, viewer, Subscribe(id=3, kpi="by_country")) == "unknown_kpi"


def test_a_notice_goes_to_every_viewer() -> None:
    """Whatever it watches."""
    hub = hub_of()
    peers = [viewer_of(hub)[1] for _ in range(2)]
    hub.notify("boards")
    assert [peer.said for peer in peers] == [[Notice("boards")]] * 2


def test_what_lasts_is_told_to_who_comes_later() -> None:
    """Until it is over; what is over is told to all, and to nobody who comes then."""
    hub = hub_of()
    _, early = viewer_of(hub)
    hub.begin("disk_full")
    late, peer = viewer_of(hub)
    hub.remind(late)
    hub.end("disk_full", "disk_has_room")
    last, nobody = viewer_of(hub)
    hub.remind(last)
    assert early.said == peer.said == [Notice("disk_full"), Notice("disk_has_room")]
    assert nobody.said == []


def test_the_first_snapshot_of_a_kpi_has_its_watermark() -> None:
    """Though nobody watched it before."""
    hub = hub_of()
    viewer, peer = viewer_of(hub)
    hub.publish(Changes([row("views", 1)], {"views": 99}))
    hub.subscribe(viewer, Subscribe(id=1, kpi="views"), 0)
    hub.subscribe(viewer, Subscribe(id=2, kpi="by_country"), 0)
    viewer.flush(0)
    assert [message["watermark"] for message in peer.take()] == [99, None]


def test_large_snapshots_are_worked_on_one_piece_at_a_time() -> None:
    """Of any topic, until none is left."""
    hub = hub_of()
    peer = FakePeer()
    rows = [row("views", 1)] * (PIECE_ROWS * 2)
    viewer = ViewerSession(peer, peer, None, ViewerLimits(5_000, 15_000, 262_144), lambda *_: rows, Outgoing(1 << 20))
    hub.join(viewer)
    for id_, kpi in enumerate(("views", "by_country")):
        hub.subscribe(viewer, Subscribe(id=id_, kpi=kpi), 0)
    viewer.flush(0)
    assert peer.take() == []
    pieces = 0
    while hub.work():
        pieces += 1
    viewer.flush(0)
    assert (pieces, {message["id"] for message in peer.take()}) == (4, {0, 1})


def tailed() -> tuple[Hub, Tail]:
    """A hub whose viewers can watch single events."""
    tail = Tail("e1", lambda payload: payload + b"\n", Redaction(["email"]))
    return Hub(SPECS, "e1", lambda payload: payload + b"\n", 4, tail), tail


@pytest.mark.parametrize(
    ("wish", "slug"),
    [
        (Subscribe(id=2, topic="weather"), "unknown_topic"),
        (Subscribe(id=1, topic="events"), "bad_subscription"),
        (Subscribe(id=2, topic="events", match=Match(properties={"email": "x"})), "redacted"),
    ],
)
def test_a_wrong_wish_for_events_has_a_slug(wish: Subscribe, slug: str) -> None:
    """An error, never a close."""
    hub, _ = tailed()
    viewer, _ = viewer_of(hub)
    hub.subscribe(viewer, Subscribe(id=1, topic="events"), 0)
    assert refusal(hub, viewer, wish) == slug


def test_without_a_tail_there_are_no_events() -> None:
    """The setting turned them off."""
    hub = hub_of()
    viewer, _ = viewer_of(hub)
    assert refusal(hub, viewer, Subscribe(id=1, topic="events")) == "disabled"


def test_a_stream_outlives_a_reload_and_ends_with_its_viewer() -> None:
    """Events are of no KPI: another set changes nothing for who watches them."""
    hub, tail = tailed()
    viewer, peer = viewer_of(hub)
    hub.subscribe(viewer, Subscribe(id=1, topic="events"), 0)
    viewer.flush(0)
    peer.take()
    hub.replace(SPECS[:1])
    assert peer.said == []
    assert list(viewer.subscriptions) == [1]
    viewer.flush(1_000)
    assert peer.take() == []
    hub.unsubscribe(viewer, 1)
    assert tail.stream(Match(), 50.0, 0).subscribers == 0
    hub.subscribe(viewer, Subscribe(id=2, topic="events"), 0)
    assert tail.stream(Match(), 50.0, 0).subscribers == 1
    hub.leave(viewer)
    assert tail.stream(Match(), 50.0, 0).subscribers == 0
