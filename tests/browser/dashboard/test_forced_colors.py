"""The dashboard with colours that the reader's system forces, as in a high-contrast theme."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard.views import board, open_board, this_minute, tile
from tests.browser.viewer_model import ViewerModel, meta, row

KPI = meta("share", by=["$device"])
CLEAR = "rgba(0, 0, 0, 0)"


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with a breakdown of two groups, the one a tenth of the other, and two boards."""
    with ViewerModel([KPI]) as running:
        running.boards = [board("main", tile("share", view="bars", size="tall"), title="Main"), board("other", "share")]
        rows = [row(this_minute(), value, dims={"$device": name}) for name, value in (("Phone", 100), ("Desk", 10))]
        running.publish("share", rows, watermark=this_minute())
        yield running


def test_what_colours_say_is_said_when_they_are_forced(model: ViewerModel, page: Page) -> None:
    """Bars have no edges that are longer than they; the shown board, a pressed button, and freshness are told apart."""
    page.emulate_media(forced_colors="active")
    open_board(page, model)
    bars = page.locator(".breakdown tbody .barred")
    expect(bars.first).to_contain_text("Phone")
    for bar in bars.all()[:2]:
        expect(bar).to_have_css("border-top-color", CLEAR)
    lengths = bars.evaluate_all(
        "bars => bars.slice(0, 2).map((bar) => parseFloat(getComputedStyle(bar).backgroundSize))"
    )
    assert lengths[1] == pytest.approx(lengths[0] / 10, abs=0.2)
    tabs = page.locator("#board-bar .tabs a")
    expect(tabs.nth(0)).to_have_css("outline-style", "solid")
    expect(tabs.nth(1)).to_have_css("outline-style", "none")
    fresh = "getComputedStyle(document.querySelector('.fresh'), '::before')"
    assert page.evaluate(f"{fresh}.forcedColorAdjust") == "none"
    compare = page.get_by_role("button", name="Compare")
    plain = compare.evaluate("(button) => getComputedStyle(button).backgroundColor")
    compare.click()
    expect(compare).to_have_attribute("aria-pressed", "true")
    assert compare.evaluate("(button) => getComputedStyle(button).backgroundColor") != plain
