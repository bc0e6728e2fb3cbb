"""The browser SDK in real Chromium: nothing is lost or doubled, and the ledger closes, whatever happens to the page,
the network or the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.model_server import ModelServer

QUIET = {"pageview": False}
START = "(config) => tidegate.init('wk_test', config)"
CAPTURE = "(names) => names.forEach((name) => tidegate.capture(name, { n: 1 }))"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A listening model server; at the end no producer may have broken a rule."""
    model = ModelServer()
    model.start()
    yield model
    model.end()
    assert model.violations == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: empty storage."""
    fresh = browser.new_context()
    fresh.set_default_timeout(15_000)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext, server: ModelServer) -> Page:
    """A page that has loaded the SDK but not yet called `init`."""
    tab = context.new_page()
    load(tab, server)
    return tab


def start(page: Page, **config: Any) -> None:
    page.evaluate(START, {**QUIET, **config})


def capture(page: Page, *names: str) -> None:
    page.evaluate(CAPTURE, list(names))


def flush(page: Page) -> bool:
    return bool(page.evaluate("() => tidegate.flush()"))


def ledger(page: Page) -> dict[str, int]:
    books: dict[str, int] = page.evaluate("() => tidegate.ledger()")
    assert books["sent"] == sum(books[name] for name in books if name != "sent"), books
    return books


def load(page: Page, server: ModelServer) -> None:
    page.goto(f"{server.url}/page")
    page.wait_for_function("() => globalThis.tidegate !== undefined")


def numbered(first: int, last: int) -> list[str]:
    return [f"e{n}" for n in range(first, last)]


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
    server.wait(lambda: len(server.events) == 52)
    page.goto("about:blank")
    server.wait(lambda: len(server.events) == 62)
    assert [post["seq"] for post in server.posts][-1] == 4
    assert server.posts[-1]["producer"] == {key: server.hellos[0]["producer"][key] for key in ("id", "epoch")}
    load(page, server)
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


def test_queue_cap_is_counted(page: Page, server: ModelServer) -> None:
    """Beyond the cap the oldest events are given up, counted, and the newest arrive."""
    server.kill()
    start(page, maxEvents=100)
    capture(page, *numbered(0, 250))
    assert ledger(page)["expired"] == 150
    server.start()
    server.wait(lambda: len(server.events) == 100)
    assert server.names() == numbered(150, 250)


def test_http_fallback(page: Page, server: ModelServer) -> None:
    """Where no WebSocket opens, batches go by POST with the same ids, and the socket takes over once it can."""
    server.accept_sockets = False
    start(page)
    capture(page, "one", "bad")
    server.wait(lambda: server.names() == ["one"])
    capture(page, "two")
    server.wait(lambda: server.names() == ["one", "two"])
    assert [post["seq"] for post in server.posts] == [1, 2]
    server.accept_sockets = True
    server.wait(lambda: server.hellos, timeout=40)
    capture(page, "three")
    assert flush(page)
    assert server.hellos[0]["producer"]["next_seq"] == 3
    assert ledger(page) == {"sent": 4, "accepted": 3, "duplicate": 0, "rejected": 1, "expired": 0, "pending": 0}


def test_ping_is_answered(page: Page, server: ModelServer) -> None:
    """A ping is answered with its own time and the page's clock."""
    start(page)
    flush(page)
    capture(page, "e")
    flush(page)
    server.tell({"type": "ping", "now": 1_795_334_425_123})
    server.wait(lambda: server.pongs)
    assert server.pongs[0]["now"] == 1_795_334_425_123
    assert abs(server.pongs[0]["sent"] - page.evaluate("() => Date.now()")) < 60_000


@pytest.mark.parametrize("code", [4000, 4001, 4003, 4006])
def test_refusal_stops(page: Page, server: ModelServer, code: int) -> None:
    """A close that forbids retrying stops the SDK; events stay stored and a flush says so."""
    server.welcome_close = code
    page.evaluate("() => { globalThis.states = []; tidegate.on('state', (state) => states.push(state)); }")
    start(page)
    capture(page, "kept")
    page.wait_for_function("() => states.some(({ state }) => state === 'stopped')")
    assert page.evaluate("() => states.at(-1)") == {"state": "stopped", "code": code}
    assert flush(page) is False
    assert ledger(page)["pending"] == 1
    server.welcome_close = 0
    load(page, server)
    start(page)
    assert flush(page)
    assert server.names() == ["kept"]


@pytest.mark.parametrize("code", [1012, 4101, 4103, 4200, 4201])
def test_retryable_close_reconnects(page: Page, server: ModelServer, code: int) -> None:
    """A close that allows retrying is followed by a new connection that resumes."""
    start(page)
    capture(page, "one")
    flush(page)
    server.close_all(code)
    capture(page, "two")
    assert flush(page)
    assert server.names() == ["one", "two"]
    assert len(server.hellos) == 2


def test_tabs_have_their_own_producers(context: BrowserContext, page: Page, server: ModelServer) -> None:
    """Two tabs of one browser are two producers of one person in one session."""
    start(page)
    other = context.new_page()
    load(other, server)
    start(other)
    capture(page, "a")
    capture(other, "b")
    assert flush(page)
    assert flush(other)
    first, second = server.events
    assert len({hello["producer"]["id"] for hello in server.hellos}) == 2
    assert first["distinct_id"] == second["distinct_id"]
    assert first["session_id"] == second["session_id"]
    assert first["window_id"] != second["window_id"]


def test_duplicated_tab_gets_its_own_producer(context: BrowserContext, page: Page, server: ModelServer) -> None:
    """A duplicated tab, whose sessionStorage is a copy, does not disturb the first one."""
    start(page)
    capture(page, "a")
    flush(page)
    copied = page.evaluate("() => sessionStorage.getItem('tidegate:tab')")
    twin = context.new_page()
    load(twin, server)
    twin.evaluate("(copied) => sessionStorage.setItem('tidegate:tab', copied)", copied)
    start(twin)
    capture(twin, "b")
    assert flush(twin)
    capture(page, "c")
    assert flush(page)
    assert server.names() == ["a", "b", "c"]
    assert len({hello["producer"]["id"] for hello in server.hellos}) == 2
    assert ledger(page)["accepted"] == 2
    assert ledger(twin)["accepted"] == 1


def test_fenced_producer_goes_on_under_a_new_id(page: Page, server: ModelServer) -> None:
    """Close 4009 ends the identity, not the SDK: un-acked events go on with their uuids under another id."""
    start(page)
    capture(page, "one")
    flush(page)
    server.answer_acks = False
    capture(page, "two")
    server.wait(lambda: len(server.batches) == 2)
    server.answer_acks = True
    server.close_all(4009)
    capture(page, "three")
    assert flush(page)
    ids = [hello["producer"]["id"] for hello in server.hellos]
    assert len(ids) == 2
    assert ids[0] != ids[1]
    assert server.names() == ["one", "two", "three"]
    assert ledger(page)["accepted"] == 3


def test_closed_tabs_are_inherited(context: BrowserContext, page: Page, server: ModelServer) -> None:
    """What closed tabs left behind is delivered by the next tab, each event once, and the books are added."""
    server.accept_posts = False
    server.accept_sockets = False
    start(page)
    capture(page, "a1", "a2")
    other = context.new_page()
    load(other, server)
    start(other)
    capture(other, "b1")
    other.wait_for_function("() => Object.keys(localStorage).filter((key) => key.includes(':queue:')).length >= 4")
    page.close()
    other.close()
    server.accept_sockets = True
    heir = context.new_page()
    load(heir, server)
    start(heir)
    capture(heir, "c1")
    assert flush(heir)
    assert sorted(server.names()) == ["a1", "a2", "b1", "c1"]
    assert ledger(heir) == {"sent": 4, "accepted": 4, "duplicate": 0, "rejected": 0, "expired": 0, "pending": 0}


def test_blocked_storage_still_delivers(context: BrowserContext, server: ModelServer) -> None:
    """With storage denied, events are delivered from memory and the page sees no error."""
    deny = "{ get() { throw new DOMException('denied', 'SecurityError'); } }"
    context.add_init_script(
        f"for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, {deny});"
    )
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    load(tab, server)
    start(tab)
    capture(tab, "a")
    assert flush(tab)
    assert ledger(tab)["accepted"] == 1
    assert errors == []


def test_full_storage_still_delivers(page: Page, server: ModelServer) -> None:
    """With storage full, events are delivered from memory."""
    page.evaluate(
        "() => { let size = 1 << 20; while (size) { try { localStorage.setItem('x' + size + Math.random(), "
        "'y'.repeat(size)); } catch { size >>= 1; } } }"
    )
    start(page)
    capture(page, *numbered(0, 60))
    assert flush(page)
    assert server.names() == numbered(0, 60)


def test_insecure_page_has_no_locks(context: BrowserContext, server: ModelServer) -> None:
    """Without Web Locks, as on pages without TLS, a reload resumes and two tabs stay apart."""
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });")
    one, two = context.new_page(), context.new_page()
    for tab in (one, two):
        load(tab, server)
        start(tab)
        capture(tab, "x")
        assert flush(tab)
    load(one, server)
    start(one)
    capture(one, "y")
    assert flush(one)
    assert len({hello["producer"]["id"] for hello in server.hellos}) == 2
    assert ledger(one)["accepted"] == 2


def test_shutdown_delivers_and_falls_silent(page: Page, server: ModelServer) -> None:
    """`shutdown` delivers what there is; afterwards nothing is taken until the next `init`."""
    start(page)
    capture(page, "last")
    page.evaluate("() => tidegate.shutdown()")
    assert server.names() == ["last"]
    capture(page, "ignored")
    start(page)
    capture(page, "again")
    assert flush(page)
    assert server.names() == ["last", "again"]


def test_leaving_and_coming_back(page: Page, server: ModelServer) -> None:
    """A page that comes out of the back/forward cache goes on, without doubling what its successor delivered."""
    start(page)
    capture(page, "one")
    flush(page)
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    capture(page, "hidden")
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    capture(page, "two")
    assert flush(page)
    assert server.names() == ["one", "hidden", "two"]
    assert ledger(page)["accepted"] == 3


def test_host_page_sees_no_error(page: Page, server: ModelServer) -> None:
    """Misuse, hostile frames and a dying server raise nothing in the page."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    start(page)
    page.evaluate(
        "() => { tidegate.capture(); tidegate.capture(null, 5, 5);"
        " tidegate.capture('a', { get x() { throw 1; } }, null);"
        " tidegate.identify(); tidegate.identify({}); tidegate.page(7); tidegate.init(); tidegate.on('state', 5); }"
    )
    assert flush(page)
    for message in ({"type": "welcome"}, {"type": "ack", "seq": 1e300}, {"type": "nack"}, {"type": 5}, {"x": 1}):
        server.tell(message)
    server.kill()
    server.start()
    capture(page, "after")
    assert flush(page)
    assert server.names()[-1] == "after"
    assert errors == []
    books = ledger(page)
    assert (books["rejected"], books["pending"]) == (3, 0)


def test_strict_csp_and_no_unload(browser: Browser, server: ModelServer) -> None:
    """Under a strict content policy the SDK works, and it never listens to `unload`."""
    context = browser.new_context()
    context.add_init_script(
        "globalThis.listened = []; const add = EventTarget.prototype.addEventListener;"
        "EventTarget.prototype.addEventListener = function (name, ...rest) "
        "{ listened.push(name); return add.call(this, name, ...rest); };"
    )
    tab = context.new_page()
    reports: list[str] = []
    tab.on("console", lambda message: reports.append(message.text) if message.type == "error" else None)
    load(tab, server)
    start(tab)
    capture(tab, "a")
    assert flush(tab)
    names = set(tab.evaluate("() => listened"))
    assert "pagehide" in names
    assert not names & {"unload", "beforeunload"}
    assert [text for text in reports if "Content Security Policy" in text] == []
    context.close()
