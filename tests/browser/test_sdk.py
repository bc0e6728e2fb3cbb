"""The browser SDK in real Chromium: nothing is lost or doubled, and the ledger closes."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.driving import alone, capture, flush, ledger, load, numbered, start
from tests.browser.model_server import ModelServer


def test_events_arrive_with_ids_and_page(page: Page, server: ModelServer) -> None:
    """An event carries its ids, the page and the browser; a page view at init comes by itself."""
    page.evaluate("() => tidegate.init('wk_test')")
    capture(page, "signup")
    assert flush(page)
    view, signup = server.events
    assert view["event"] == "$pageview"
    assert signup["event"] == "signup"
    assert signup["properties"]["n"] == 1
    assert signup["properties"]["$pathname"] == "/page"
    assert signup["properties"]["$browser"] == "Chrome"
    assert signup["properties"]["$device_type"] == "Desktop"
    for name in ("uuid", "distinct_id", "session_id", "window_id"):
        assert len(signup[name]) == 36
    assert signup["session_id"] == view["session_id"]
    assert server.hellos[0]["token"] == "wk_test"
    assert ledger(page) == {"sent": 2, "accepted": 2, "duplicate": 0, "rejected": 0, "expired": 0, "pending": 0}


def test_verdicts_reach_ledger_and_listener(page: Page, server: ModelServer) -> None:
    """A rejected event is counted and told with its reason; the good ones beside it are accepted."""
    page.evaluate("() => { globalThis.told = []; tidegate.on('verdict', (verdict) => told.push(verdict)); }")
    start(page)
    capture(page, "good", "bad", "good")
    page.evaluate("() => { const loop = {}; loop.self = loop; tidegate.capture('cycle', loop); tidegate.capture(''); }")
    flush(page)
    assert ledger(page) == {"sent": 5, "accepted": 2, "duplicate": 0, "rejected": 3, "expired": 0, "pending": 0}
    assert sorted(verdict["reason"] for verdict in page.evaluate("() => told")) == [
        "event_name",
        "schema:event",
        "unencodable",
    ]
    assert server.names() == ["good", "good"]


def test_identify_moves_later_events(page: Page, server: ModelServer) -> None:
    """`identify` names the anonymous id once, and later events carry the new id, also after a reload."""
    start(page)
    capture(page, "before")
    page.evaluate("() => tidegate.identify('u1', { plan: 'pro' }, { first: 'x' })")
    capture(page, "after")
    flush(page)
    load(page, server)
    start(page)
    capture(page, "reloaded")
    flush(page)
    before, identify, after, reloaded = server.events
    assert identify["properties"]["$anon_distinct_id"] == before["distinct_id"]
    assert identify["properties"]["$set"] == {"plan": "pro"}
    assert identify["properties"]["$set_once"] == {"first": "x"}
    assert [event["distinct_id"] for event in (identify, after, reloaded)] == ["u1"] * 3


def test_a_number_is_an_id_too(page: Page, server: ModelServer) -> None:
    """Ids of databases are numbers; what is no id (0, NaN, nothing) leaves the person as they are."""
    start(page)
    page.evaluate("() => [0, NaN, null, undefined, '', {}, 17].forEach((id) => tidegate.identify(id))")
    assert flush(page)
    (identify,) = server.events
    assert identify["distinct_id"] == "17"


def test_events_before_the_socket_is_up_are_kept(page: Page, server: ModelServer) -> None:
    """Events captured while the server is down arrive once it is up, each once and in order."""
    server.kill()
    start(page)
    capture(page, *numbered(0, 120))
    assert ledger(page)["pending"] == 120
    server.start()
    server.wait(lambda: len(server.events) == 120)
    assert server.names() == numbered(0, 120)
    assert flush(page)
    assert ledger(page)["accepted"] == 120


def test_reload_loses_nothing(page: Page, server: ModelServer) -> None:
    """What a closed page could not deliver is delivered by the next one under the same producer and seqs."""
    start(page)
    capture(page, "first")
    flush(page)
    server.kill()
    capture(page, *numbered(0, 70))
    load_offline = "() => { globalThis.gone = true; }"
    page.evaluate(load_offline)
    server.start()
    load(page, server)
    assert page.evaluate("() => globalThis.gone === undefined")
    start(page)
    capture(page, "last")
    assert flush(page)
    assert server.names() == ["first", *numbered(0, 70), "last"]
    assert {hello["producer"]["id"] for hello in server.hellos} == {server.hellos[0]["producer"]["id"]}
    assert ledger(page) == {"sent": 72, "accepted": 72, "duplicate": 0, "rejected": 0, "expired": 0, "pending": 0}


def test_lost_acks_are_not_doubled(page: Page, server: ModelServer) -> None:
    """Batches that were applied but whose acks were lost with the server are not applied again."""
    start(page)
    capture(page, *numbered(0, 5))
    flush(page)
    for _ in range(3):
        server.kill()
        capture(page, "during")
        server.start()
        capture(page, "after")
        assert flush(page)
    assert len(server.events) == len(server.uuids) == 11
    assert ledger(page)["accepted"] == 11


def test_reload_with_unacked_batches_resumes(page: Page, server: ModelServer) -> None:
    """Batches under way at a reload are sent again under their seqs, and count once."""
    server.answer_acks = False
    server.accept_posts = False
    start(page)
    capture(page, *numbered(0, 10))
    server.wait(lambda: server.batches)
    load(page, server)
    server.answer_acks = True
    start(page)
    assert flush(page)
    assert server.names() == numbered(0, 10)
    assert [batch["seq"] for batch in server.batches] == [1, 1]
    assert server.batches[0]["events"] == server.batches[1]["events"]
    assert ledger(page)["accepted"] == 10


def test_beacon_on_leaving(page: Page, server: ModelServer) -> None:
    """A page that goes away sends what is left as a beacon; the next page learns that it is durable."""
    start(page)
    capture(page, "first")
    flush(page)
    server.flush_ms = 60_000
    capture(page, "slow")  # its ack brings the slower pace
    flush(page)
    capture(page, *numbered(0, 60))
    page.wait_for_function("() => tidegate.ledger().pending === 10")
    page.goto("about:blank")
    server.wait(lambda: len(server.events) == 62)
    assert [post["seq"] for post in server.posts][-1] == 4
    assert server.posts[-1]["producer"] == {key: server.hellos[0]["producer"][key] for key in ("id", "epoch")}
    load(page, server)
    alone(page)
    start(page)
    assert flush(page)
    page.wait_for_function("() => tidegate.ledger().pending === 0")
    assert ledger(page)["accepted"] == 62
    assert len(server.uuids) == 62


def test_forgotten_producer_raises_its_epoch(page: Page, server: ModelServer) -> None:
    """After an eviction the producer goes on under a higher epoch; un-acked events keep their uuids."""
    start(page)
    capture(page, "first")
    flush(page)
    server.forget()
    capture(page, "second")
    assert flush(page)
    assert server.hellos[-1]["producer"]["epoch"] == 2
    assert server.names() == ["first", "second"]
    assert ledger(page)["accepted"] == 2


def test_credit_is_never_overrun(page: Page, server: ModelServer) -> None:
    """However much is captured, no batch goes beyond the window in seqs or bytes."""
    server.window = 2
    server.window_bytes = 9_000
    start(page)
    page.evaluate(
        "() => { for (let i = 0; i < 600; i++) tidegate.capture('e' + i, { text: '漢字é'.repeat(i % 40) }); }"
    )
    server.wait(lambda: len(server.events) == 600)
    assert server.names() == numbered(0, 600)


def test_shedding_is_counted(page: Page, server: ModelServer) -> None:
    """At level 2 low-priority events are given up and counted; others still arrive."""
    server.level = 2
    start(page)
    capture(page, "opening")
    flush(page)
    page.evaluate("() => tidegate.capture('cheap', {}, { priority: 'low' })")
    capture(page, "dear")
    flush(page)
    assert server.names() == ["opening", "dear"]
    assert ledger(page)["expired"] == 1


@pytest.mark.parametrize("cap", ["many", None, -1, 0])
def test_a_cap_that_is_none_is_the_usual_one(page: Page, server: ModelServer, cap: Any) -> None:
    """It bounds nothing by itself, and the queue is bounded all the same; so it is with the time to live."""
    server.kill()
    start(page, maxEvents=cap, maxBytes=cap, ttl=cap)
    capture(page, *numbered(0, 2_100))
    assert ledger(page)["pending"] == 2_000
    server.start()
    server.wait(lambda: len(server.events) == 2_000)


def test_a_flush_does_not_take_what_is_given_up_for_acked(page: Page, server: ModelServer) -> None:
    """Who waits for events that had to make room hears so at once, not that all is well."""
    start(page, maxEvents=100)
    assert flush(page)  # the second part is here
    server.kill()
    capture(page, *numbered(0, 60))
    page.evaluate("() => { globalThis.first = tidegate.flush(); }")
    capture(page, *numbered(60, 160))
    assert page.evaluate("() => first") is False
    page.evaluate("() => { globalThis.second = tidegate.flush(); }")
    server.start()
    assert page.evaluate("() => second") is True
    assert server.names()[-1] == "e159"


def test_queue_cap_is_counted(page: Page, server: ModelServer) -> None:
    """Beyond the cap the oldest events are given up, counted, and the newest arrive."""
    server.kill()
    start(page, maxEvents=100)
    capture(page, *numbered(0, 250))
    assert ledger(page)["expired"] == 150
    server.start()
    server.wait(lambda: len(server.events) == 100)
    assert server.names() == numbered(150, 250)
