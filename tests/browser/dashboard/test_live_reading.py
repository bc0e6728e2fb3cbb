"""Reading live events in a real browser while others come in: nothing runs away from who is at a line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.dashboard.test_live_page import event, lines, opened
from tests.browser.viewer_model import ViewerModel, meta


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with one KPI."""
    with ViewerModel([meta("page_views")]) as running:
        yield running


def top(line: Locator) -> float:
    """Where a line stands on the screen."""
    box = line.bounding_box()
    assert box is not None
    return box["y"]


def test_a_line_that_is_read_stays_where_it_is(model: ViewerModel, page: Page) -> None:
    """Also at the top of the page, where no browser holds anything: one that is open, and one that has the focus."""
    tail = opened(page, model)
    tail.say([event(nth, event=f"name {nth}.") for nth in range(40)])
    read = lines(page).filter(has_text="name 37.")
    read.locator("summary").click()
    expect(read.locator(".inside")).to_be_visible()
    before = top(read)
    for step in range(1, 5):
        tail.say([event(10 * step + nth) for nth in range(8)])
        expect(lines(page)).to_have_count(40 + 8 * step)
        assert abs(top(read) - before) <= 1
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Tab")
    expect(lines(page).first.locator("summary")).to_be_focused()
    held = page.locator("#live-page li:focus-within")
    before = top(held)
    tail.say([event(90 + nth) for nth in range(8)])
    expect(lines(page)).to_have_count(80)
    assert abs(top(held) - before) <= 1


def test_a_line_opens_though_others_come_in_while_the_button_is_down(model: ViewerModel, page: Page) -> None:
    """They come when it is up again."""
    tail = opened(page, model)
    tail.say([event(nth) for nth in range(3)])
    expect(lines(page)).to_have_count(3)
    box = lines(page).nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 8)
    page.mouse.down()
    tail.say([event(10 + nth) for nth in range(5)])
    expect(page.locator("[data-part=sample]")).to_have_text("8 events, all shown")
    page.mouse.up()
    expect(lines(page)).to_have_count(8)
    expect(lines(page).nth(6).locator(".inside")).to_be_visible()


def test_the_line_with_the_focus_is_not_taken_away(model: ViewerModel, page: Page) -> None:
    """By the bound of the list, which else would leave the keyboard nowhere."""
    tail = opened(page, model)
    tail.say([event(0, event="first")])
    lines(page).first.locator("summary").focus()
    for step in range(5):
        tail.say([event(1 + 50 * step + nth) for nth in range(50)])
    expect(lines(page)).to_have_count(201)
    expect(lines(page).last.locator("summary")).to_be_focused()


def test_a_value_that_turns_texts_turns_nothing_else_of_its_line(model: ViewerModel, page: Page) -> None:
    """A sender could make a line say what it does not."""
    tail = opened(page, model)
    properties = {"plan": "\u202eorp", "who": "\u05e9", "n": 1}
    tail.say([event(0, properties=properties, inherited=[], enriched=[])])
    expect(lines(page).first.locator(".with")).to_have_text(
        "plan \\u202eorp \N{MIDDLE DOT} who \u2068\u05e9\u2069 \N{MIDDLE DOT} n 1"
    )
