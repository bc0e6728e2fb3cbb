"""The banner of a full disk in a real browser: there while it lasts, on every page that does not say more of it."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.dashboard.views import board, open_board
from tests.browser.viewer_model import KEY, ViewerModel
from tests.browser.visit import watch

SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 50)));
})"""


def banner(page: Page) -> Locator:
    """What is said of the disk."""
    return page.get_by_role("alert").filter(has_text="The disk of the gateway is full")


def test_it_is_told_while_it_lasts_and_moves_nothing(model: ViewerModel, page: Page) -> None:
    """Read out as it comes; when events are taken again it goes, and that is said too."""
    troubles = watch(page)
    model.boards = [board("main", *["page_views"] * 12)]
    open_board(page, model)
    expect(page.locator(".tile")).to_have_count(12)
    before = page.locator(".tile").first.bounding_box()
    settled = page.evaluate(SHIFTS)
    model.say({"type": "notice", "code": "disk_full"})
    expect(banner(page)).to_be_visible()
    assert page.evaluate(SHIFTS) == settled
    assert page.locator(".tile").first.bounding_box() == before
    page.mouse.wheel(0, 100_000)
    expect(page.locator(".tile").last).to_be_in_viewport()
    last, over = page.locator(".tile").last, banner(page)
    page.wait_for_function("() => scrollY + innerHeight >= document.documentElement.scrollHeight - 1")
    ends, begins = last.bounding_box(), over.bounding_box()
    assert ends is not None
    assert begins is not None
    assert ends["y"] + ends["height"] <= begins["y"]
    model.say({"type": "notice", "code": "disk_has_room"})
    expect(banner(page)).to_have_count(0)
    expect(page.locator(".notice")).to_contain_text("has room again")
    assert troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(model: ViewerModel, page: Page, scheme: Literal["light", "dark"]) -> None:
    """As axe-core judges it, over a board."""
    model.lasting = ["disk_full"]
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(model.link)
    expect(banner(page)).to_be_visible()
    assert Axe().run(page).response["violations"] == []


def test_who_comes_while_it_lasts_is_told_on_each_page_but_the_one_that_says_more(
    model: ViewerModel, page: Page
) -> None:
    """On a board, among the events, on a wall; the health page has its own line about it."""
    model.lasting = ["disk_full"]
    page.goto(model.link)
    expect(banner(page)).to_be_visible()
    page.get_by_role("link", name="Events", exact=True).click()
    expect(banner(page)).to_be_visible()
    banner(page).get_by_role("link", name="Health").click()
    expect(page.locator("#health-page")).to_be_visible()
    expect(banner(page)).to_be_hidden()
    page.goto(f"{model.url}/#/board?wall=1&key={KEY}")
    expect(banner(page)).to_be_visible()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(0)


def test_what_is_over_by_the_next_connection_is_not_told_any_more(model: ViewerModel, page: Page) -> None:
    """Without a connection nobody knows; behind the next welcome the server says it, or does not."""
    model.lasting = ["disk_full"]
    page.goto(model.link)
    expect(banner(page)).to_be_visible()
    model.up = False
    model.drop(1012)
    expect(page.locator("html")).to_have_attribute("data-phase", "waiting")
    expect(banner(page)).to_be_hidden()
    model.lasting, model.up = [], True
    expect(page.locator("[data-part=phase]")).to_have_text("Live")
    expect(page.locator("#banner")).to_be_empty()
