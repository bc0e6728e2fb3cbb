"""The bars on the tiles of a board that is edited, as they are laid out in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.dashboard.views import board, open_board, this_minute, tile
from tests.browser.viewer_model import ViewerModel, meta, row


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with a KPI."""
    with ViewerModel([meta("views", title="Views")]) as running:
        yield running


def edit(page: Page, model: ViewerModel) -> None:
    """Open the board and begin to edit it."""
    open_board(page, model)
    page.get_by_role("button", name="Edit", exact=True).click()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_what_is_chosen_in_a_bar_is_not_cut(model: ViewerModel, page: Page, width: int) -> None:
    """The view, the size and the range of a tile are read whole, on a phone too, and inside of the tile."""
    views = ("auto", "number", "series", "band")
    model.boards = [board("main", *(tile("views", view=view, range="24h") for view in views))]
    page.set_viewport_size({"width": width, "height": 800})
    edit(page, model)
    cut = page.locator(".editbar select").evaluate_all(
        """controls => controls.filter((control) => {
          const alone = control.cloneNode();
          alone.append(control.selectedOptions[0].cloneNode(true));
          alone.style.cssText = "position: absolute; flex: none; width: max-content; min-width: 0; max-width: none";
          control.parentElement.append(alone);
          const wanted = alone.getBoundingClientRect().width;
          alone.remove();
          const own = control.getBoundingClientRect();
          const tile = control.closest(".tile").getBoundingClientRect();
          return own.width < wanted - 1 || own.right > tile.right || own.left < tile.left;
        }).map((control) => control.getAttribute("aria-label") + control.value)"""
    )
    assert cut == []


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_a_bar_hides_no_half_of_a_number(model: ViewerModel, page: Page, width: int) -> None:
    """It covers the number whole, or where the tile is broad enough leaves it, in each size; and leaves the picture."""
    model.boards = [board("main", *(tile("views", size=size) for size in ("small", "wide", "tall", "large")))]
    model.publish("views", [row(this_minute(), 7)], watermark=this_minute())
    page.set_viewport_size({"width": width, "height": 900})
    edit(page, model)
    below = page.locator(".tile").evaluate_all(
        """tiles => tiles.map((tile) => {
          const box = (part) => tile.querySelector(part).getBoundingClientRect();
          const [bar, number, plot] = [".editbar", ".reading", ".plot"].map(box);
          const digits = number.top + parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.5;
          return [number.bottom <= bar.bottom + 0.5 || bar.bottom <= digits, plot.bottom > bar.bottom];
        })"""
    )
    assert below == [[True, True]] * 4
