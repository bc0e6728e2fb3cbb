"""The SDK among tabs and pages: identities, storage that fails, leaving and coming back, hostile pages."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.driving import alone, capture, flush, ledger, load, numbered, sees, start
from tests.browser.model_server import ModelServer


def test_tabs_have_their_own_producers(context: BrowserContext, page: Page, server: ModelServer) -> None:
    """Two tabs of one browser are two producers of one person in one session."""
    start(page)
    other = context.new_page()
    load(other, server)
    start(other)
    capture(page, "a")
    assert flush(page)
    sees(other, server.events[0]["session_id"])
    capture(other, "b")
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
    other.wait_for_function("() => Object.keys(localStorage).filter((key) => key.includes(':queue:')).length >= 5")
    page.close()
    other.close()
    server.accept_sockets = True
    heir = context.new_page()
    load(heir, server)
    alone(heir)
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
    server.wait(lambda: server.names() == ["last"])
    capture(page, "ignored")
    start(page)
    capture(page, "again")
    assert flush(page)
    assert server.names() == ["last", "again"]


def test_init_may_follow_shutdown_at_once(page: Page, server: ModelServer) -> None:
    """As frameworks do that mount twice: the first delivers what it has, the second takes what comes."""
    start(page)
    capture(page, "one")
    page.evaluate(
        """() => {
          tidegate.shutdown();
          tidegate.init('wk_test', { pageview: false });
          tidegate.capture('two');
        }"""
    )
    assert flush(page)
    server.wait(lambda: len(server.events) == 2)
    assert sorted(server.names()) == ["one", "two"]


def registered(tab: Page, *names: str) -> None:
    """Wait until a tab sees that these are registered: storage goes from tab to tab by way of the browser itself."""
    seen = "Object.keys(JSON.parse(localStorage.getItem('tidegate:registered')) ?? {})"
    tab.wait_for_function(f"(names) => {seen}.sort().join() === names.join()", arg=sorted(names))


def test_registered_properties_are_of_all_tabs(context: BrowserContext, page: Page, server: ModelServer) -> None:
    """What one tab registers the others carry too, and none overwrites another; a logout ends it in all."""
    other = context.new_page()
    load(other, server)
    for tab in (page, other):
        start(tab)
    page.evaluate("() => tidegate.register({ plan: 'pro' })")
    registered(other, "plan")
    other.evaluate("() => tidegate.register({ step: 1 })")
    registered(page, "plan", "step")
    capture(page, "both")
    assert flush(page)
    other.evaluate("() => tidegate.reset()")
    registered(page)
    capture(page, "none")
    assert flush(page)
    both, none = (event["properties"] for event in server.events)
    assert {name: both.get(name) for name in ("plan", "step")} == {"plan": "pro", "step": 1}
    assert not {"plan", "step"} & set(none)


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
    context.set_default_timeout(60_000)
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
