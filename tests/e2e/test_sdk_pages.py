"""The SDK on difficult pages, against a real gateway: frames, policies, blocked storage, the back/forward cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.driving import alone
from tests.browser.pagecache import caching, go_and_back
from tests.browser.visit import watch
from tests.e2e.figures import by_dim
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.patience import eventually
from tests.e2e.site import Site
from tests.e2e.tab import Tab

BLOCKED = """for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(globalThis, name, { get() { throw new DOMException('denied', 'SecurityError'); } });
Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium with its back/forward cache, and that blocks third parties' storage."""
    with caching("--test-third-party-cookie-phaseout") as started:
        yield started


def counted(gateway: GatewayProcess, *names: str) -> None:
    """Exactly these events have been counted, each once."""
    eventually(lambda: by_dim(gateway, "by_event", "event"), lambda counts: counts == dict.fromkeys(names, 1))


def test_out_of_the_back_forward_cache(tab: Tab, site: Site, gateway: GatewayProcess) -> None:
    """A page with a live connection goes into that cache and comes back with all its events, while the pages between
    used its identity."""
    names: list[str] = []

    def capture(page: Tab, name: str) -> None:
        names.append(f"{name} {len(names)}")
        page.capture(names[-1])

    for _ in range(10):
        tab.start(WRITE_KEY)
        capture(tab, "one")
        assert tab.flush()
        identity = tab.producer_id()
        capture(tab, "leaving")
        with go_and_back(tab.page) as same:
            between = Tab(tab.page)
            between.open(f"{site.origin}/page?between")
            alone(between.page)
            between.start(WRITE_KEY)
            capture(between, "between")
            assert between.flush()
            assert between.producer_id() == identity
        if same[0]:
            break
        tab.open(f"{site.origin}/page")
    assert same == [True]
    capture(tab, "back")
    assert tab.flush()
    counted(gateway, *names)
    assert gateway.status()["ledger"]["duplicate"] == 0


def test_blocked_storage(context: BrowserContext, site: Site, gateway: GatewayProcess) -> None:
    """With storage and locks denied events go over the socket and, when the page is left, as beacons."""
    context.add_init_script(BLOCKED)
    tab = Tab(context.new_page())
    troubles = watch(tab.page)
    tab.open(f"{site.origin}/page")
    tab.start(WRITE_KEY)
    tab.capture("socket")
    assert tab.flush()
    tab.capture("beacon")
    tab.page.goto("about:blank")
    counted(gateway, "socket", "beacon")
    assert troubles == []


def test_a_frame_of_another_site(context: BrowserContext, site: Site, gateway: GatewayProcess) -> None:
    """In a third party's frame the SDK sends, whatever storage the browser grants, and its page sees no error."""
    page = context.new_page()
    troubles = watch(page)
    page.goto(f"{site.origin.replace('127.0.0.1', 'localhost')}/embed")
    frame = next(frame for frame in page.frames if frame.url.startswith(site.origin))
    frame.wait_for_function("() => globalThis.tidegate !== undefined")
    frame.evaluate("(key) => { tidegate.init(key, { pageview: false }); tidegate.capture('framed'); }", WRITE_KEY)
    assert frame.evaluate("() => tidegate.flush()") is True
    frame.evaluate("() => tidegate.capture('removed')")
    page.evaluate("() => document.querySelector('iframe').remove()")
    counted(gateway, "framed", "removed")
    assert troubles == []


def test_a_policy_by_nonce(context: BrowserContext, site: Site, gateway: GatewayProcess) -> None:
    """The one classic script works where scripts need a nonce, with modules, and loads nothing further."""
    page = context.new_page()
    troubles = watch(page)
    scripts: list[str] = []
    page.on("request", lambda request: scripts.append(request.url) if request.resource_type == "script" else None)
    page.goto(f"{site.origin}/nonce")
    page.wait_for_function("() => typeof globalThis.tidegate?.flush === 'function'")
    assert page.evaluate("() => tidegate.flush()") is True
    page.evaluate("() => { tidegate.capture('a'); return tidegate.flush(); }")
    counted(gateway, "$pageview", "a")
    assert scripts[0] == f"{site.gateway}/tidegate.js"
    built = gateway.get("/sdk.js.map")[0] == 200  # `make test` builds; the sources load each other
    assert (len(scripts) == 1) is built
    assert page.evaluate("() => tidegate.config.modules") == ["errors", "clicks"]
    assert troubles == []
