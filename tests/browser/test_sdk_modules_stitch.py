"""The SDK's module that keeps a person and a session over sub-domains and domains, in real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.chromium import chromium
from tests.browser.visitor import Event, Visitor
from tests.e2e.gateway_process import WRITE_KEY
from tests.e2e.patience import eventually

IMPORTED = """async ([source, key, config]) => {
  const stitch = await import(`${source}/sdk/modules/stitch.js`);
  tidegate.init(key, { ...config, modules: [stitch] });
}"""
NOTE_COOKIES = """globalThis.baked = [];
const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
Object.defineProperty(document, 'cookie', { get, set(text) { baked.push(text); set.call(document, text); } });"""
DOMAINS = ["other.test", "shop.test"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that finds every name under .test on this machine."""
    with chromium("--host-resolver-rules=MAP *.test 127.0.0.1") as started:
        yield started


def visit(visitor: Visitor, host: str, event: str, **config: Any) -> Event:
    """Open the page on a host with the module imported, capture an event, and give it as it is in the log."""
    visitor.page.goto(f"{visitor.site.at(host)}/page")
    return begin(visitor, event, **config)


def begin(visitor: Visitor, event: str, **config: Any) -> Event:
    """The same on a page that is already there."""
    visitor.page.wait_for_function("() => globalThis.tidegate !== undefined")
    visitor.page.evaluate(IMPORTED, [visitor.gateway.url, WRITE_KEY, {"pageview": False, **config}])
    return capture(visitor, event)


def capture(visitor: Visitor, event: str) -> Event:
    """Capture an event, and give it as it is in the log."""
    visitor.page.evaluate("(name) => { tidegate.capture(name); return tidegate.flush(); }", event)
    visitor.told(event)
    return visitor.events(event)[0]


def ids(event: Event) -> tuple[str, str]:
    """Person and session."""
    return event["distinct_id"], event["session_id"]


def cookies(visitor: Visitor) -> list[Any]:
    """All that the browser has."""
    return list(visitor.page.context.cookies())


def test_sub_domains_share_person_and_session(visitor: Visitor) -> None:
    """From the first event on; back on the first one as well. The cookie is the parent domain's."""
    first = visit(visitor, "www.shop.test", "a")
    second = visit(visitor, "help.shop.test", "b")
    visitor.open("/page", "stitch", origin=visitor.site.at("www.shop.test"))  # by name, before an event
    third = capture(visitor, "c")
    assert ids(first) == ids(second) == ids(third)
    (cookie,) = cookies(visitor)
    assert (cookie["name"], cookie["domain"], cookie["sameSite"]) == ("tidegate_stitch", ".shop.test", "Lax")


def test_the_first_page_view_is_already_stitched(visitor: Visitor) -> None:
    """An imported module is there before the SDK captures anything."""
    first = visit(visitor, "www.shop.test", "a")
    visit(visitor, "help.shop.test", "b", pageview=True)
    visitor.told("$pageview")
    assert ids(visitor.events("$pageview")[0]) == ids(first)


def test_without_it_sub_domains_are_apart(visitor: Visitor) -> None:
    """It is asked for, or there is no cookie."""
    visitor.open(origin=visitor.site.at("www.shop.test"))
    first = capture(visitor, "a")
    visitor.open(origin=visitor.site.at("help.shop.test"))
    assert ids(first) != ids(capture(visitor, "b"))
    assert cookies(visitor) == []


def test_who_signs_in_or_out_does_so_everywhere(visitor: Visitor) -> None:
    """A name given on one sub-domain holds on the others, and so does its end."""
    visit(visitor, "www.shop.test", "a")
    visitor.page.evaluate("() => tidegate.identify('jo')")
    named = visit(visitor, "help.shop.test", "b")
    assert named["distinct_id"] == "jo"
    visitor.page.evaluate("() => tidegate.reset()")
    left = visit(visitor, "www.shop.test", "c")
    assert left["distinct_id"] != "jo"
    assert left["session_id"] != named["session_id"]
    assert ids(visit(visitor, "help.shop.test", "d")) == ids(left)


def test_windows_beside_each_other_agree(visitor: Visitor, context: BrowserContext) -> None:
    """A page that has not heard of a name yet does not undo it, and carries it from its next event on."""
    visit(visitor, "www.shop.test", "a")
    other = Visitor(context, visitor.site, visitor.gateway)
    visit(other, "help.shop.test", "b")
    other.page.evaluate("() => tidegate.identify('jo')")
    capture(visitor, "c")
    named = capture(visitor, "d")
    assert named["distinct_id"] == "jo"
    assert ids(visit(other, "help.shop.test", "e")) == ids(named)
    visitor.page.evaluate("() => { tidegate.reset(); tidegate.capture('f'); }")
    capture(other, "g")
    assert ids(capture(other, "h")) == ids(capture(visitor, "i"))


def test_a_burst_of_events_is_no_burst_of_looks(visitor: Visitor) -> None:
    """Storage and cookie are looked at behind the first events of a second; what changed in it is told at its end."""
    visitor.page.add_init_script(
        "globalThis.looks = 0; const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');"
        "Object.defineProperty(document, 'cookie', { get() { looks += 1; return get.call(document); }, set });"
    )
    visit(visitor, "www.shop.test", "a")
    burst = "() => { const n = looks; for (let i = 0; i < 200; i++) tidegate.capture('b'); return looks - n; }"
    assert 0 < visitor.page.evaluate(burst) < 200
    # The first event behind a reset begins the session that the others are to go on with.
    visitor.page.evaluate("() => { tidegate.reset(); tidegate.capture('c'); }")
    visitor.page.wait_for_function(
        "() => decodeURIComponent(document.cookie).includes(JSON.parse(localStorage['tidegate:session']).id)"
    )
    last = capture(visitor, "d")
    assert ids(visit(visitor, "help.shop.test", "e")) == ids(last)


def test_consent_that_comes_late_joins_the_others(visitor: Visitor) -> None:
    """Who agrees on one sub-domain after another goes on there as who they are."""
    first = visit(visitor, "www.shop.test", "a")
    visit_pending = [visitor.gateway.url, WRITE_KEY, {"consent": "pending", "pageview": False}]
    visitor.page.goto(f"{visitor.site.at('help.shop.test')}/page")
    visitor.page.wait_for_function("() => globalThis.tidegate !== undefined")
    visitor.page.evaluate(IMPORTED, visit_pending)
    visitor.page.evaluate("() => tidegate.optIn()")
    capture(visitor, "b")
    assert ids(capture(visitor, "c")) == ids(first)


def test_nothing_is_kept_of_who_does_not_want_it(visitor: Visitor) -> None:
    """Opting out takes the cookie away; without consent and without cookies there never is one."""
    visit(visitor, "www.shop.test", "a")
    visitor.page.evaluate("() => tidegate.optOut()")
    eventually(lambda: cookies(visitor), lambda left: left == [])
    visitor.page.evaluate("() => localStorage.clear()")
    visitor.page.add_init_script(NOTE_COOKIES)
    visitor.page.goto(f"{visitor.site.at('www.shop.test')}/page")
    visitor.page.wait_for_function("() => globalThis.tidegate !== undefined")
    visitor.page.evaluate(IMPORTED, [visitor.gateway.url, WRITE_KEY, {"consent": "pending"}])
    visitor.page.evaluate("() => tidegate.capture('early')")
    assert visitor.page.evaluate("() => baked") == []
    visitor.page.evaluate("() => tidegate.optIn()")
    capture(visitor, "b")
    assert [cookie["name"] for cookie in cookies(visitor)] == ["tidegate_stitch"]
    visitor.page.context.clear_cookies()
    visit(visitor, "help.shop.test", "c", cookieless=True)
    assert visitor.page.evaluate("() => baked") == []


def follow(visitor: Visitor, address: str) -> None:
    """A page on the shop with a link, which is clicked."""
    visitor.site.pages["/link"] = f"<a href='{address}'>Go</a>"
    visitor.page.goto(f"{visitor.site.at('www.shop.test')}/link")


def test_a_link_hands_over_to_another_domain(visitor: Visitor) -> None:
    """The session goes with it, and nothing of that stays in the address, in the link or in an event."""
    other = visitor.site.at("other.test")
    follow(visitor, f"{other}/page?a=%20b#part")
    first = begin(visitor, "a", stitch={"domains": DOMAINS})
    visitor.page.get_by_text("Go").click(modifiers=["ControlOrMeta"])
    assert visitor.page.locator("a").get_attribute("href") == f"{other}/page?a=%20b#part"
    visitor.page.get_by_text("Go").click()
    visitor.page.wait_for_url(f"{other}/**")
    second = begin(visitor, "b", stitch={"domains": DOMAINS})
    assert ids(second) == ids(first)
    assert visitor.page.url == f"{other}/page?a=%20b#part"
    assert second["properties"]["$current_url"] == f"{other}/page?a=%20b#part"


def test_a_name_does_not_travel_in_a_link(visitor: Visitor) -> None:
    """Of somebody who has signed in the session alone is handed over."""
    follow(visitor, f"{visitor.site.at('other.test')}/page")
    begin(visitor, "a", stitch={"domains": DOMAINS})
    visitor.page.evaluate("() => tidegate.identify('jo@mail.example')")
    named = capture(visitor, "b")
    visitor.page.get_by_text("Go").click()
    visitor.page.wait_for_url("**/page*")
    assert "mail.example" not in visitor.page.url
    other = begin(visitor, "c", stitch={"domains": DOMAINS})
    assert other["session_id"] == named["session_id"]
    assert other["distinct_id"] != "jo@mail.example"


@pytest.mark.parametrize(("age", "domains"), [(121_000, DOMAINS), (0, ["elsewhere.test"]), (-600_000, DOMAINS)])
def test_a_session_is_not_taken_from_anyone(visitor: Visitor, age: int, domains: list[str]) -> None:
    """A link that is too old, or that comes from a page that is not listed, gives nothing, but is cleaned up."""
    planted = "const planted = { id: 'planted', start: Date.now(), last: Date.now() };"
    script = (
        "([age]) => { " + planted + " return encodeURIComponent(JSON.stringify(['', planted, Date.now() - age])); }"
    )
    text = visitor.page.evaluate(script, [age])
    other = visitor.site.at("other.test")
    follow(visitor, f"{other}/page?tidegate_session={text}&a=1")
    visitor.page.get_by_text("Go").click()
    visitor.page.wait_for_url(f"{other}/**")
    event = begin(visitor, "a", stitch={"domains": domains})
    assert event["session_id"] != "planted"
    assert visitor.page.url == f"{other}/page?a=1"


def test_a_site_of_one_name_works_without(visitor: Visitor) -> None:
    """Where no domain can be shared the module does nothing."""
    visit(visitor, "localhost", "a")
    assert cookies(visitor) == []
    assert visitor.errors == []
