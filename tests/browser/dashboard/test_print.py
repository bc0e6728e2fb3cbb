"""What a browser would put on paper."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.dashboard.views import board, open_board, this_minute, tile
from tests.browser.viewer_model import ViewerModel, row

INKS = """canvases => canvases.flatMap((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const inks = new Set();
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) inks.add([...data.slice(at, at + 3)].join());
  return [...inks];
})"""
LIGHT, DARK = "11,114,133", "59,201,219"


def test_a_board_on_paper_is_light_and_has_nothing_to_click(model: ViewerModel, page: Page) -> None:
    """Also of who looks at it in the dark: the charts, too. Its title and what narrows it are there."""
    model.boards = [board("main", tile("page_views", view="series", size="large"), title="Main"), board("other")]
    start = this_minute()
    model.publish("page_views", [row(start - 60_000 * n, 7 + n, kind="final") for n in range(9)], watermark=start)
    page.emulate_media(color_scheme="dark")
    open_board(page, model, "?compare=1")
    canvas = page.locator(".tile canvas")
    expect(canvas).to_have_count(1)
    assert DARK in canvas.evaluate_all(INKS)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.emulate_media(media="print")
    for gone in ("#pages", "#forget", ".controls", "#board-editor", ".editbar", "button.info"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator(".tabs a:visible")).to_have_text(["Main"])
    expect(page.locator("#scope")).to_have_text("Compared with the time before")
    expect(page.locator("#scope")).to_be_visible()
    expect(page.locator(".tile")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator(".tile")).to_have_css("break-inside", "avoid")
    expect(canvas).to_have_count(1)
    inks = canvas.evaluate_all(INKS)
    assert LIGHT in inks
    assert DARK not in inks
    page.emulate_media(media="screen")
    expect(page.locator(".controls")).to_be_visible()
    assert DARK in canvas.evaluate_all(INKS)
