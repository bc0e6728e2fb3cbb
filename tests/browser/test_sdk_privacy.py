"""The SDK and privacy: consent, signals of the browser, what is stored, what is left out."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.driving import capture, flush, ledger, load, start
from tests.browser.model_server import ModelServer

STORED = "() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)].sort()"
BLANK = {"sent": 0, "accepted": 0, "duplicate": 0, "rejected": 0, "expired": 0, "pending": 0}

# `claimed` once the second part has found out which producer it is, and has gone on from there.
NOTE_CLAIM = """() => {
  const { request } = LockManager.prototype;
  LockManager.prototype.request = function (name, options, use) {
    return request.call(this, name, options, (lock) => {
      setTimeout(() => setTimeout(() => (globalThis.claimed = true)));
      return use(lock);
    });
  };
}"""


def stored(page: Page) -> list[str]:
    """Every key that the page has stored."""
    keys: list[str] = page.evaluate(STORED)
    return keys


def sent(server: ModelServer, name: str) -> dict[str, Any]:
    """Properties of the one event with this name."""
    (found,) = [event for event in server.events if event["event"] == name]
    properties: dict[str, Any] = found["properties"]
    return properties


def requests(page: Page) -> list[str]:
    """What the page asks the server for, from now on."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("websocket", lambda socket: seen.append(socket.url))
    return seen


def test_pending_events_wait_in_memory_and_are_sent_when_granted(page: Page, server: ModelServer) -> None:
    """While consent is pending nothing is stored or asked for; then all of it arrives, and the choice is kept."""
    asked = requests(page)
    start(page, consent="pending")
    capture(page, "a", "b")
    page.evaluate("() => tidegate.register({ plan: 'pro' })")
    capture(page, "c")
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert ledger(page) == {**BLANK, "sent": 3, "pending": 3}
    assert flush(page) is False
    assert (stored(page), asked, server.events) == ([], [], [])
    page.evaluate("() => tidegate.optIn()")
    assert flush(page)
    assert server.names() == ["a", "b", "c"]
    assert len({event["distinct_id"] for event in server.events}) == 1
    assert sent(server, "c")["plan"] == "pro"
    assert ledger(page) == {**BLANK, "sent": 3, "accepted": 3}
    load(page, server)
    start(page, consent="pending")
    capture(page, "next")
    assert flush(page)
    assert [event["distinct_id"] for event in server.events] == [server.events[0]["distinct_id"]] * 4


def test_a_refusal_drops_what_waits_and_removes_what_is_stored(page: Page, server: ModelServer) -> None:
    """`optOut` leaves nothing but the choice, tells how many events it dropped, and holds over a reload."""
    page.evaluate("() => { globalThis.told = []; tidegate.on('drop', (drop) => told.push(drop)); }")
    start(page)
    capture(page, "before")
    assert flush(page)
    server.answer_acks = False
    capture(page, "under way", "waiting")
    page.evaluate("() => tidegate.optOut()")
    assert page.evaluate("() => told") == [{"events": 2, "reason": "consent"}]
    assert page.evaluate("() => tidegate.hasOptedOut()")
    capture(page, "after")
    assert flush(page) is False
    assert ledger(page) == BLANK
    assert stored(page) == ["tidegate.consent"]
    load(page, server)
    asked = requests(page)
    start(page)
    capture(page, "reloaded")
    assert (ledger(page), stored(page), asked) == (BLANK, ["tidegate.consent"], [])
    page.evaluate("() => tidegate.optIn()")
    server.answer_acks = True
    capture(page, "back")
    assert flush(page)
    assert "back" in server.names()
    assert "after" not in server.names()
    assert "reloaded" not in server.names()


def test_refused_before_the_second_part_is_there(page: Page, server: ModelServer) -> None:
    """What is on its way when somebody refuses stores nothing any more."""
    page.evaluate(NOTE_CLAIM)
    start(page)
    capture(page, "early")
    page.evaluate("() => tidegate.optOut()")
    page.wait_for_function("() => globalThis.claimed")
    assert stored(page) == ["tidegate.consent"]
    assert server.hellos == []


def test_refused_while_pending(page: Page, server: ModelServer) -> None:
    """Events that waited for consent are gone with a refusal, and nothing was ever asked for."""
    asked = requests(page)
    start(page, consent="pending")
    capture(page, "a")
    page.evaluate("() => tidegate.optOut()")
    assert (ledger(page), stored(page), asked, server.events) == (BLANK, ["tidegate.consent"], [], [])


@pytest.mark.parametrize(
    ("signal", "config", "silent"),
    [
        ("globalPrivacyControl", {}, True),
        ("globalPrivacyControl", {"gpc": False}, False),
        ("doNotTrack", {}, False),
        ("doNotTrack", {"dnt": True}, True),
    ],
)
def test_signals_of_the_browser(
    context: BrowserContext, server: ModelServer, signal: str, config: dict[str, Any], silent: bool
) -> None:
    """Global Privacy Control is honoured unless told not to, Do Not Track when told to; a choice outweighs both."""
    value = "true" if signal == "globalPrivacyControl" else "'1'"
    context.add_init_script(f"Object.defineProperty(Navigator.prototype, '{signal}', {{ get: () => {value} }});")
    tab = context.new_page()
    load(tab, server)
    start(tab, **config)
    capture(tab, "a")
    assert tab.evaluate("() => tidegate.hasOptedOut()") is silent
    assert flush(tab) is not silent
    assert server.names() == ([] if silent else ["a"])
    assert (stored(tab) == []) is silent
    tab.evaluate("() => tidegate.optIn()")
    capture(tab, "chosen")
    assert flush(tab)
    assert server.names()[-1] == "chosen"


def test_cookieless_stores_nothing(page: Page, server: ModelServer) -> None:
    """Events arrive, nothing is stored, and the next page is another person."""
    for name in ("one", "two"):
        start(page, cookieless=True)
        capture(page, name)
        assert flush(page)
        assert stored(page) == []
        load(page, server)
    one, two = server.events
    assert one["distinct_id"] != two["distinct_id"]
    assert one["session_id"] != two["session_id"]


def test_what_is_left_out(page: Page, server: ModelServer) -> None:
    """Secret parameters, properties that are not allowed, redacted names and patterns do not leave the page."""
    page.goto(f"{server.url}/page?token=abc&q=shoes#access_token=xyz")
    page.wait_for_function("() => globalThis.tidegate !== undefined")
    page.evaluate(
        """() => tidegate.init('wk_test', {
          properties: ['price', 'note', 'user'],
          redact: ['email', /\\d{4}-\\d{4}/g],
          beforeSend: (event) => (event.event === 'secret' ? null : event),
        })"""
    )
    page.evaluate(
        """() => {
          tidegate.capture('order', { price: 5, note: 'card 1234-5678', user: { email: 'a@b.example' }, name: 'A' });
          tidegate.capture('secret', { price: 1 });
        }"""
    )
    assert flush(page)
    assert server.names() == ["$pageview", "order"]
    order = sent(server, "order")
    assert (order["price"], order["note"], order["user"]) == (5, "card ***", {"email": "***"})
    assert "name" not in order
    address = f"{server.url}/page?token=***&q=shoes#access_token=***"
    assert order["$current_url"] == sent(server, "$pageview")["$current_url"] == address
    assert ledger(page)["sent"] == 2


def test_shedding_follows_priority(page: Page, server: ModelServer) -> None:
    """At level 2 each priority is given up by its share, counted and told; below that, or without a share, none is."""
    page.evaluate("() => { globalThis.told = []; tidegate.on('drop', (drop) => told.push(drop)); }")
    start(page, shed={"low": 0, "normal": 1, "high": "much"})
    page.evaluate("() => tidegate.capture('calm')")
    assert flush(page)
    server.level = 2
    page.evaluate("() => tidegate.capture('last')")
    assert flush(page)
    page.evaluate("() => ['low', 'normal', 'high'].forEach((priority) => tidegate.capture(priority, {}, { priority }))")
    page.evaluate("() => tidegate.capture('urgent', {}, { priority: 'urgent' })")
    assert flush(page)
    assert server.names() == ["calm", "last", "low", "high", "urgent"]
    assert ledger(page) == {**BLANK, "sent": 6, "accepted": 5, "expired": 1}
    assert page.evaluate("() => told") == [{"events": 1, "reason": "shed"}]


def test_a_refusal_holds_in_all_tabs(context: BrowserContext, page: Page, server: ModelServer) -> None:
    """What one tab is told the others obey: they take nothing more, and nothing of theirs stays stored."""
    start(page)
    capture(page, "one")
    assert flush(page)
    other = context.new_page()
    load(other, server)
    start(other)
    capture(other, "two")
    assert flush(other)
    page.evaluate("() => tidegate.optOut()")
    other.wait_for_function("() => tidegate.hasOptedOut()")
    capture(other, "three")
    assert flush(other) is False
    assert server.names() == ["one", "two"]
    for tab in (page, other):
        tab.wait_for_function(f"() => ({STORED})().join() === 'tidegate.consent'")


def test_an_agreement_holds_in_all_tabs(context: BrowserContext, page: Page, server: ModelServer) -> None:
    """What waits in the other tabs is stored and sent from there; who was refused before is taken from then on."""
    waiting, refused = context.new_page(), context.new_page()
    for tab, name, consent in ((page, "one", "pending"), (waiting, "two", "pending"), (refused, "none", "denied")):
        if tab is not page:
            load(tab, server)
        start(tab, consent=consent)
        capture(tab, name)
    page.evaluate("() => tidegate.optIn()")
    refused.wait_for_function("() => !tidegate.hasOptedOut()")
    capture(refused, "three")
    for tab in (page, waiting, refused):
        tab.wait_for_function("() => tidegate.ledger().sent > 0 && tidegate.ledger().pending === 0")
    assert sorted(server.names()) == ["one", "three", "two"]


def test_somebody_who_is_known_stays_who_they_are_when_they_agree(
    context: BrowserContext, page: Page, server: ModelServer
) -> None:
    """The person that is stored outlives the question; an id that is given meanwhile counts more, in all tabs."""
    start(page)
    page.evaluate("() => tidegate.identify('u1')")
    assert flush(page)
    load(page, server)
    start(page, consent="pending")
    other = context.new_page()
    load(other, server)
    start(other, consent="pending")
    capture(page, "asked")
    page.evaluate("() => tidegate.optIn()")
    other.wait_for_function("() => sessionStorage.length > 0")
    capture(page, "agreed")
    capture(other, "elsewhere")
    assert flush(page)
    assert flush(other)
    ids = {event["event"]: event["distinct_id"] for event in server.events}
    assert ids["asked"] != "u1"
    assert (ids["agreed"], ids["elsewhere"]) == ("u1", "u1")
    page.evaluate("() => localStorage.removeItem('tidegate.consent')")
    load(page, server)
    start(page, consent="pending")
    page.evaluate("() => { tidegate.identify('u2'); tidegate.optIn(); tidegate.capture('renamed'); }")
    assert flush(page)
    assert server.events[-1]["distinct_id"] == "u2"
