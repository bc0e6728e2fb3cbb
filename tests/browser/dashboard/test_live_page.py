"""The page of live events in a real browser, against the protocol model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.payloads import PAYLOADS
from tests.browser.viewer_model import KEY, Message, ViewerModel, meta, now_ms


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with one KPI."""
    with ViewerModel([meta("page_views")]) as running:
        yield running


def event(nth: int = 0, **fields: Any) -> Message:
    """One event as the server shows it."""
    body: Message = {
        "received": now_ms(), "time": now_ms() - 40, "said": now_ms() - 40, "skew": 0, "producer": "p1", "seq": 7,
        "nth": nth, "via": "socket", "verdict": "accepted", "reason": "", "hint": "", "kpis": ["page_views"],
        "event": "buy", "uuid": f"x{nth}", "distinct_id": "u1", "session_id": "s1", "window_id": None,
        "inherited": ["$browser"], "enriched": ["$country"],
        "properties": {"$browser": "Firefox", "$country": "DE", "price": 9.5}, "cut": False,
    }  # fmt: skip
    return body | fields


class Tail:
    """What the model says to the one subscription of the page."""

    def __init__(self, model: ViewerModel) -> None:
        self._model = model
        self.wish = model.wait(lambda m: m["type"] == "subscribe" and "topic" in m)[-1]
        self.offset = 0
        self.say([])

    def say(self, events: list[Message], *, lost: bool = False, **counts: int) -> None:
        """One step of the stream."""
        prev = None if lost or not self.offset else self.offset
        self.offset += 1
        head = {"type": "events", "id": self.wish["id"], "epoch": "e1", "prev": prev, "offset": self.offset}
        numbers = {"seen": len(events), "looked": len(events), "matched": len(events)} | counts
        self._model.say(head | {"recovered": prev is not None, "events": events} | numbers)


def opened(page: Page, model: ViewerModel, query: str = "") -> Tail:
    """The page of live events, once it watches."""
    page.goto(f"{model.url}/#/live{query}&key={KEY}")
    return Tail(model)


def lines(page: Page) -> Locator:
    """The lines of the list, holes included."""
    return page.locator("#live-page .events > li")


def test_events_stand_newest_first_with_their_verdict(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """Name, person, properties and how many KPIs; a rejected one says what to do."""
    tail = opened(page, model)
    expect(page.locator("[data-part=empty] .when-nothing").first).to_have_text("Waiting for events")
    tail.say([event(0), event(1, verdict="drop", reason="bad_json", hint="Mend it.", kpis=[], raw="{x", time=None)])
    expect(lines(page)).to_have_count(2)
    rejected, good = lines(page).nth(0), lines(page).nth(1)
    expect(rejected).to_contain_text(re.compile("rejected.*bad_json.*Mend it"))
    expect(good).to_contain_text(re.compile(r"accepted.*buy.*u1.*price 9\.5.*1 KPI"))
    expect(page.locator("[data-part=empty]")).to_be_hidden()
    expect(page.locator("[data-part=sample]")).to_have_text("2 events, all shown")
    assert tail.wish["match"] == {}
    assert troubles == []


def test_a_line_opens_to_everything(model: ViewerModel, page: Page) -> None:
    """Both clocks, ids, properties with where they come from, KPIs, and the text of a rejected one."""
    tail = opened(page, model)
    raw = '{"event":"buy","x":NaN}'
    tail.say([event(0, skew=330), event(1, verdict="drop", reason="bad_json", hint="Mend it.", kpis=[], raw=raw)])
    lines(page).nth(1).locator("summary").click()
    inside = lines(page).nth(1).locator(".inside")
    expect(inside).to_contain_text("330 ms ahead")
    expect(inside).to_contain_text("#7, event 0, by socket")
    expect(inside.locator("dd", has_text="Firefox")).to_contain_text("from the connection")
    expect(inside.locator(".kpis")).to_have_text("page_views")
    lines(page).nth(0).locator("summary").press("Enter")
    expect(lines(page).nth(0).locator("pre")).to_have_text(raw)


def test_the_form_narrows_and_the_address_says_so(model: ViewerModel, page: Page) -> None:
    """What is asked for goes to the server and into the address; a wrong condition is named and nothing is asked."""
    opened(page, model)
    page.get_by_role("textbox", name="Event").fill("buy")
    page.get_by_role("textbox", name="Properties").fill('plan=pro price=9.5 title="two words"')
    page.get_by_role("button", name="Apply").click()
    wish = model.wait(lambda m: "properties" in m.get("match", {}))[-1]
    assert wish["match"]["event"] == "buy"
    assert wish["match"]["properties"] == {"plan": "pro", "price": 9.5, "title": "two words"}
    expect(page).to_have_url(re.compile("event=buy"))
    model.wait(lambda m: m["type"] == "unsubscribe")
    page.get_by_role("textbox", name="Properties").fill("plan")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#live-page [role=alert]")).to_contain_text("plan")


def test_what_is_typed_while_a_field_is_applied_stays(model: ViewerModel, page: Page) -> None:
    """Leaving a field applies it, and the address that comes of that says nothing of the next one."""
    opened(page, model)
    page.get_by_role("textbox", name="Event").fill("buy")
    page.evaluate(
        """() => {
            const { event, where } = document.querySelector("#live-page form").elements;
            event.dispatchEvent(new Event("change", { bubbles: true }));
            where.value = "plan=pro";
        }"""
    )
    model.wait(lambda m: m.get("match") == {"event": "buy"})
    expect(page.get_by_role("textbox", name="Properties")).to_have_value("plan=pro")
    page.goto(page.url.replace("event=buy", "event=view"))
    model.wait(lambda m: m.get("match") == {"event": "view"})
    expect(page.get_by_role("textbox", name="Properties")).to_have_value("")


def test_an_address_narrows_too(model: ViewerModel, page: Page) -> None:
    """A shared link asks for what it says, and the form shows it."""
    tail = opened(page, model, "?event=buy&verdict=drop&where=plan%3Dpro&rate=10")
    assert tail.wish["match"] == {"event": "buy", "verdict": "drop", "properties": {"plan": "pro"}}
    assert tail.wish["max_rate"] == 10
    expect(page.get_by_role("textbox", name="Event")).to_have_value("buy")
    expect(page.get_by_role("textbox", name="Properties")).to_have_value("plan=pro")
    tail.say([], seen=12, looked=12)
    expect(page.locator("[data-part=empty] .when-match").first).to_have_text("Nothing matches yet")


def test_only_this_narrows_to_a_value(model: ViewerModel, page: Page) -> None:
    """From an open line to all like it, whatever the property is called."""
    tail = opened(page, model)
    tail.say([event(0, properties={"a name": "x y", "n": 7})])
    lines(page).first.locator("summary").click()
    page.get_by_label("Only events with this a name").click()
    model.wait(lambda m: m.get("match", {}).get("properties") == {"a name": "x y"})


def test_a_sample_says_so(model: ViewerModel, page: Page) -> None:
    """Of how many, by the rate and by the budget."""
    tail = opened(page, model)
    tail.say([event(0)], seen=900, looked=900, matched=800)
    expect(page.locator("[data-part=sample]")).to_have_text("Sampled: 1 of 800 matching events, out of 900 seen")
    expect(page.locator("[data-part=sample]")).to_have_attribute("data-tone", "late")
    tail.say([], seen=9_100, looked=100, matched=100)
    expect(page.locator("[data-part=sample]")).to_contain_text("1,000 of 10,000 events were looked at")


def test_a_hole_is_told_and_a_loss_asks_anew(model: ViewerModel, page: Page) -> None:
    """What is missing has a line of its own; what came before stays, and nothing stands there twice."""
    tail = opened(page, model)
    first, second = event(0), event(1)
    tail.say([first, second])
    expect(lines(page)).to_have_count(2)
    tail.say([second, event(2)], lost=True)
    expect(lines(page)).to_have_count(4)
    expect(lines(page).nth(1)).to_contain_text("Events are missing here")
    tail.offset += 5
    tail.say([event(9)])
    (asked,) = model.wait(lambda m: m["type"] == "resync")
    assert asked["id"] == tail.wish["id"]
    expect(lines(page)).to_have_count(4)


def test_after_a_lost_connection_it_goes_on(model: ViewerModel, page: Page) -> None:
    """From where it was, with what was shown still there."""
    tail = opened(page, model)
    tail.say([event(0)])
    expect(lines(page)).to_have_count(1)
    model.forget()
    model.drop(1012)
    again = model.wait(lambda m: m["type"] == "subscribe" and "topic" in m)[-1]
    assert again["from"] == {"epoch": "e1", "offset": tail.offset}
    tail.wish = again
    tail.say([event(1)])
    expect(lines(page)).to_have_count(2)


def test_paused_nothing_moves(model: ViewerModel, page: Page) -> None:
    """While someone reads, events wait and are counted; then they are there. Clear empties the list."""
    tail = opened(page, model)
    tail.say([event(0)])
    expect(lines(page)).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    tail.say([event(1), event(2)])
    expect(page.locator("[data-part=sample]")).to_have_text("Paused; 2 more since")
    expect(lines(page)).to_have_count(1)
    page.get_by_role("button", name="Go on").click()
    expect(lines(page)).to_have_count(3)
    page.get_by_role("button", name="Clear").click()
    expect(lines(page)).to_have_count(0)


def test_an_open_line_stays_open(model: ViewerModel, page: Page) -> None:
    """While others come in above it, however many; of those that nobody reads the oldest go beyond two hundred."""
    tail = opened(page, model)
    tail.say([event(0)])
    lines(page).first.locator("summary").click()
    tail.say([event(n) for n in range(1, 150)])
    expect(lines(page)).to_have_count(150)
    expect(lines(page).last.locator("details")).to_have_attribute("open", "")
    tail.say([event(n) for n in range(150, 400)])
    expect(lines(page)).to_have_count(201)
    expect(lines(page).last.locator("details")).to_have_attribute("open", "")
    lines(page).last.locator("summary").click()
    tail.say([event(400)])
    expect(lines(page)).to_have_count(200)
    lines(page).last.locator("summary").click()
    page.get_by_role("button", name="Clear").click()
    expect(lines(page)).to_have_count(0)


def test_it_watches_only_while_it_is_shown(model: ViewerModel, page: Page) -> None:
    """Another page ends the subscription; back again goes on from where it was."""
    tail = opened(page, model)
    tail.say([event(0)])
    expect(lines(page)).to_have_count(1)
    page.get_by_role("link", name="Board").click()
    model.wait(lambda m: m["type"] == "unsubscribe" and m["id"] == tail.wish["id"])
    model.forget()
    page.get_by_role("link", name="Events").click()
    again = model.wait(lambda m: m["type"] == "subscribe" and "topic" in m)[-1]
    assert again["from"]["offset"] == tail.offset


def test_a_server_that_shows_no_events_says_so(model: ViewerModel, page: Page) -> None:
    """In words, by the slug."""
    tail = opened(page, model)
    model.say({"type": "error", "code": "disabled", "id": tail.wish["id"]})
    expect(page.locator("[data-part=sample]")).to_contain_text("does not show single events")


def test_nothing_of_a_former_key_stays(model: ViewerModel, page: Page) -> None:
    """With the key, what it showed is gone from the page."""
    tail = opened(page, model)
    tail.say([event(0, event="secret-thing")])
    expect(lines(page)).to_have_count(1)
    page.get_by_role("button", name="Change key").click()
    expect(lines(page)).to_have_count(0)
    assert "secret-thing" not in page.content()


def test_hostile_events_stay_text(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """In every field, closed and open, and in the links that narrow."""
    fired: list[str] = []
    page.expose_function("fire", lambda: fired.append("fired"))
    tail = opened(page, model)
    hostile = [
        event(
            nth, verdict="drop", event=text, distinct_id=text, session_id=text, window_id=text, uuid=text, said=text,
            producer=text, via=text, reason=text, hint=text, kpis=[text], inherited=[text], enriched=[text],
            properties={text: text},
            raw=text,
        )
        for nth, text in enumerate(PAYLOADS)
    ]  # fmt: skip
    tail.say(hostile)
    expect(lines(page)).to_have_count(len(PAYLOADS))
    page.evaluate("document.querySelectorAll('#live-page details').forEach((d) => { d.open = true; })")
    expect(page.locator("#live-page .inside")).to_have_count(len(PAYLOADS))
    expect(lines(page).last.locator("pre")).to_have_text(PAYLOADS[0])
    foreign = "script, iframe, svg, img, style, a:not([href^='#/'])"
    assert page.locator("#live-page").locator(foreign).count() == 0
    assert (fired, troubles, model.reports) == ([], [], [])


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 3840])
def test_the_page_fits_every_width(model: ViewerModel, page: Page, width: int) -> None:
    """Nothing has to be scrolled sideways, with lines open and values that are one long word."""
    page.set_viewport_size({"width": width, "height": 800})
    tail = opened(page, model)
    tail.say(
        [event(0, event="e" * 190, distinct_id="d" * 190, properties={"p" * 300: "v" * 300}, kpis=["k" * 100] * 3)]
    )
    lines(page).first.locator("summary").click()
    expect(lines(page).first.locator(".inside")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
