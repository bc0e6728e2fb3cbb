"""The browser SDK on pages of a foreign site, against a real gateway: every event arrives, once."""

from __future__ import annotations

import json

from playwright.sync_api import BrowserContext
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.browser.visit import watch
from tests.e2e.figures import by_dim
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.patience import eventually
from tests.e2e.site import Site
from tests.e2e.tab import Tab


def numbered(first: int, last: int) -> list[str]:
    """Event names e<first> .. e<last - 1>."""
    return [f"e{n}" for n in range(first, last)]


def arrived(gateway: GatewayProcess, *names: str) -> None:
    """Exactly these events have been counted, each once."""
    eventually(lambda: by_dim(gateway, "by_event", "event"), lambda counts: counts == dict.fromkeys(names, 1))
    ledger = gateway.status()["ledger"]
    assert (ledger["accepted"], ledger["rejected"]) == (len(names), 0)


def settled(sent: int) -> dict[str, int]:
    """The ledger of a page whose events were all accepted."""
    return {"sent": sent, "accepted": sent, "duplicate": 0, "rejected": 0, "expired": 0, "pending": 0}


def test_a_strict_content_policy_is_kept(context: BrowserContext, site: Site, gateway: GatewayProcess) -> None:
    """A page of another origin that allows the gateway and nothing else sends events and raises no complaint."""
    tab = Tab(context.new_page())
    troubles = watch(tab.page)
    tab.open(f"{site.origin}/page")
    tab.start(WRITE_KEY)
    tab.capture("a", "b")
    assert tab.flush()
    arrived(gateway, "a", "b")
    assert tab.books() == settled(2)
    assert troubles == []


def test_offline_and_online_again(context: BrowserContext, tab: Tab, gateway: GatewayProcess) -> None:
    """What happens without a network is sent when it is back."""
    tab.start(WRITE_KEY)
    tab.capture("before")
    assert tab.flush()
    context.set_offline(True)
    gateway.kill()  # a socket that is up is not cut by the browser's offline mode
    tab.becomes("waiting")
    gateway.start()
    tab.capture(*numbered(0, 80))
    assert tab.books()["pending"] == 80
    context.set_offline(False)
    assert tab.flush()
    arrived(gateway, "before", *numbered(0, 80))
    assert tab.books() == settled(81)


def test_restarts_under_way(tab: Tab, gateway: GatewayProcess) -> None:
    """Events captured before, at and after each of two kills are counted once."""
    tab.start(WRITE_KEY)
    for cycle in range(2):
        tab.capture(*numbered(100 * cycle, 100 * cycle + 60))
        gateway.kill()
        tab.capture(*numbered(100 * cycle + 60, 100 * cycle + 100))
        gateway.start()
    assert tab.flush()
    arrived(gateway, *numbered(0, 200))
    assert tab.books() == settled(200)


def test_a_planned_restart(tab: Tab, gateway: GatewayProcess) -> None:
    """A drain is announced, the exit is clean, and nothing is lost over it."""
    tab.start(WRITE_KEY)
    tab.capture(*numbered(0, 100))
    tab.becomes("open")
    assert gateway.terminate() == 0
    tab.capture("after")
    gateway.start()
    assert tab.flush()
    arrived(gateway, *numbered(0, 100), "after")
    assert tab.books() == settled(101)


def test_two_tabs_are_two_producers(context: BrowserContext, tab: Tab, site: Site, gateway: GatewayProcess) -> None:
    """They are one person in one session, and do not disturb each other."""
    tab.start(WRITE_KEY)
    tab.capture(*numbered(0, 10))
    # Chromium's tabs see each other's storage with a delay: the second opens when the first one's is surely written.
    assert tab.flush()
    other = Tab(context.new_page())
    other.open(f"{site.origin}/page")
    other.start(WRITE_KEY)
    tab.capture(*numbered(10, 70))
    other.capture(*numbered(70, 140))
    assert tab.flush()
    assert other.flush()
    arrived(gateway, *numbered(0, 140))
    assert by_dim(gateway, "people") == by_dim(gateway, "sessions") == {None: 1}
    assert gateway.status()["producers"] == 2
    assert tab.producer_id() != other.producer_id()


def test_a_duplicated_tab_becomes_a_producer_of_its_own(tab: Tab, gateway: GatewayProcess) -> None:
    """A tab opened by script inherits the storage of its opener; neither loses or doubles anything."""
    tab.start(WRITE_KEY)
    tab.capture("a")
    assert tab.flush()
    with tab.page.expect_popup() as opened:
        tab.page.evaluate("() => void open(location.href)")
    twin = Tab(opened.value)
    twin.open(tab.page.url)
    assert twin.producer_id() == tab.producer_id()  # the copy, before `init` looks at it
    twin.start(WRITE_KEY)
    twin.capture("b")
    assert twin.flush()
    tab.capture("c")
    assert tab.flush()
    arrived(gateway, "a", "b", "c")
    assert twin.producer_id() != tab.producer_id()
    assert (tab.books()["accepted"], twin.books()["accepted"]) == (2, 1)


def test_a_fenced_tab_goes_on_under_a_new_id(tab: Tab, gateway: GatewayProcess) -> None:
    """Where someone else connects with its producer id, the tab takes another and loses nothing."""
    tab.start(WRITE_KEY)
    tab.capture("a")
    assert tab.flush()
    fenced = tab.producer_id()
    hello = {
        "type": "hello",
        "v": 1,
        "role": "producer",
        "token": WRITE_KEY,
        "producer": {"id": fenced, "epoch": 1, "next_seq": 2},
    }
    with connect(gateway.ws_url, subprotocols=[Subprotocol("tidegate.v1")], proxy=None) as thief:
        thief.send(json.dumps(hello))
        assert json.loads(thief.recv())["resume"] == {"known": True, "last_seq": 1}
        tab.capture("b")
        tab.page.wait_for_function("(id) => !sessionStorage.getItem('tidegate:tab').includes(id)", arg=fenced)
        tab.capture("c")
        assert tab.flush()
    arrived(gateway, "a", "b", "c")
    assert tab.books() == settled(3)


def test_a_page_that_goes_away_sends_the_rest(
    context: BrowserContext, tab: Tab, site: Site, gateway: GatewayProcess
) -> None:
    """Events of the last moment arrive although the page is gone at once; the next page, and a gateway that has been
    restarted from a snapshot, know that they did."""
    tab.start(WRITE_KEY)
    tab.capture("first")
    assert tab.flush()
    tab.page.evaluate(
        "(address) => { for (let i = 0; i < 30; i++) tidegate.capture('e' + i); location.href = address; }",
        "about:blank",
    )
    arrived(gateway, "first", *numbered(0, 30))
    assert gateway.terminate() == 0
    gateway.start()
    next_tab = Tab(tab.page)
    next_tab.open(f"{site.origin}/page")
    next_tab.start(WRITE_KEY)
    next_tab.page.wait_for_function("() => tidegate.ledger().accepted === 31")
    assert next_tab.books() == settled(31)
    arrived(gateway, "first", *numbered(0, 30))


def test_a_closed_window_sends_the_rest(tab: Tab, site: Site, gateway: GatewayProcess) -> None:
    """A window that closes itself right after an event has sent it."""
    with tab.page.expect_popup() as opened:
        tab.page.evaluate("(address) => void open(address, '', 'popup')", f"{site.origin}/page")
    popup = Tab(opened.value)
    popup.open(f"{site.origin}/page")
    popup.start(WRITE_KEY)
    popup.capture("first")
    assert popup.flush()
    popup.page.evaluate("() => { tidegate.capture('last'); setTimeout(close); }")
    arrived(gateway, "first", "last")
