"""Trends as they are drawn, in a real browser: what a point without neighbours looks like."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.dashboard.views import this_minute
from tests.browser.viewer_model import Message, ViewerModel, meta, row

MINUTE = 60_000

INK = """canvas => {
  const { width, height } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const columns = [];
  for (let x = 0; x < width; x++) {
    let inked = 0;
    for (let y = 0; y < height; y++) inked += data[(y * width + x) * 4 + 3] > 100;
    columns.push(inked);
  }
  return columns;
}"""
"""How many pixels of each column of the canvas are drawn on."""


def inked(page: Page, rows: list[Message], watermark: int) -> list[int]:
    """The columns of the trend of a mean that has these rows."""
    with ViewerModel([meta("load", value="avg(load)")]) as model:
        model.publish("load", rows, watermark=watermark)
        page.goto(model.link)
        expect(page.locator(".number")).not_to_have_text("\N{EN DASH}")
        canvas = page.locator("[data-kpi=load] canvas")
        columns: list[int] = []

        def drawn() -> bool:
            columns[:] = canvas.evaluate(INK)
            return any(columns)

        while not drawn():
            page.evaluate("new Promise(requestAnimationFrame)")
        return columns


def test_the_first_window_of_all_is_a_point_at_the_right(page: Page) -> None:
    """Where the time that belongs to it stands; whole, and large enough to be seen."""
    start = this_minute()
    columns = inked(page, [row(start, 5)], start)
    drawn = [x for x, count in enumerate(columns) if count]
    assert drawn[0] > len(columns) * 0.9
    assert len(drawn) >= 5
    assert columns[drawn[-1]] < max(columns)


def test_a_first_point_before_a_gap_is_whole(page: Page) -> None:
    """At the left edge, too."""
    start = this_minute()
    columns = inked(page, [row(start - 4 * MINUTE, 5), row(start - MINUTE, 5), row(start, 5)], start)
    left = columns[: len(columns) // 5]
    drawn = [x for x, count in enumerate(left) if count]
    assert len(drawn) >= 5
    assert left[drawn[0]] < max(left)
