"""Looking closer at a board of a real gateway: filter, range, comparison, wall, and a link to all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visit import visit, watch
from tests.e2e.board import Board
from tests.e2e.boardkpis import BOARD, at, send, write_set
from tests.e2e.gateway_process import VIEW_KEY, GatewayProcess

MINUTE = 60_000


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    """A gateway with a KPI of each kind and a board of them."""
    file = tmp_path / "boards.toml"
    file.write_text(BOARD)
    kpis = write_set(tmp_path / "kpis.toml")
    with GatewayProcess(tmp_path / "data", kpis=kpis, boards=file, drain_ms=100) as running:
        yield running


@pytest.fixture
def page(page: Page) -> Page:
    """A blank page, large enough for all tiles."""
    page.set_viewport_size({"width": 1280, "height": 2000})
    return page


@pytest.fixture
def board(page: Page, gateway: GatewayProcess) -> Board:
    """The dashboard in that page, loaded, with orders from two countries."""
    orders = [("DE", 10), ("DE", 20), ("FR", 5), ("O'Hara", 1)]
    send(gateway, [("order", f"u{i}", {"value": value, "country": at}) for i, (at, value) in enumerate(orders)])
    opened = Board(page, gateway.url)
    opened.open()
    opened.shows(turnover=36)
    return opened


def choose(page: Page, label: str, value: str) -> None:
    """Filter by one value of a dimension."""
    page.get_by_label("Filter by").select_option(label)
    page.get_by_label(f"Value of {label}").select_option(label=value)


def test_a_filter_holds_for_the_tiles_that_have_the_dimension(board: Board, gateway: GatewayProcess) -> None:
    """Their numbers are those of the value, live; the others say that it does not hold; it can be taken off."""
    troubles = watch(board.page)
    choose(board.page, "country", "DE")
    board.shows(turnover=30, orders=4)
    expect(board.tile("turnover").locator("tbody tr:not([data-empty])")).to_have_text(["DE30"])
    expect(board.tile("orders").locator(".caption")).to_have_text("not filtered by country")
    send(gateway, [("order", "u", {"value": 2, "country": "DE"}), ("order", "u", {"value": 100, "country": "FR"})])
    board.shows(turnover=32, orders=6)
    board.page.get_by_role("button", name="Remove the filter country = DE").click()
    board.shows(turnover=138)
    choose(board.page, "country", "O'Hara")
    board.shows(turnover=1)
    board.page.reload()
    board.shows(turnover=1)
    assert troubles == []


def test_a_range_is_in_the_address(board: Board) -> None:
    """What a person chose is there after a reload, and gone when it is taken back."""
    board.page.get_by_label("Range", exact=True).select_option("5m")
    expect(board.page).to_have_url(re.compile(r"#/board/kinds\?range=5m$"))
    board.page.reload()
    expect(board.page.get_by_label("Range", exact=True)).to_have_value("5m")
    board.shows(turnover=36)
    board.page.get_by_label("Range", exact=True).select_option("")
    expect(board.page).to_have_url(re.compile(r"#/board/kinds$"))


def test_a_long_range_is_drawn_from_coarser_windows(page: Page, gateway: GatewayProcess) -> None:
    """Two hours of a KPI in windows of a second, of which the ring keeps five minutes as they are."""
    for minutes in range(120, 0, -1):
        send(gateway, [("tick", "u", {}) for _ in range(60)], at(minutes * MINUTE) // MINUTE * MINUTE + 500)
    send(gateway, [("tick", "u", {})])
    board = Board(page, gateway.url)
    page.goto(f"{gateway.url}/#/board/all?range=6h&key={VIEW_KEY}")
    board.is_live()
    trend = board.tile("by_second").get_by_role("img")
    expect(trend).to_have_attribute("aria-label", re.compile(r"^Trend over (119 min|120 min|2 h), from 0 to [\d.]+$"))


def test_a_comparison_is_with_the_range_before(page: Page, gateway: GatewayProcess) -> None:
    """The change is that to the same window a range earlier, out of the history; the button says whether it is on."""
    earlier = at(6 * MINUTE)
    send(gateway, [("order", f"u{i}", {"value": 1}) for i in range(8)], earlier)
    send(gateway, [("order", f"u{i}", {"value": 1}) for i in range(12)])
    board = Board(page, gateway.url)
    board.open()
    board.shows(recent=12)
    page.get_by_label("Range", exact=True).select_option("5m")
    compare = page.get_by_role("button", name="Compare")
    expect(compare).to_have_attribute("aria-pressed", "false")
    compare.click()
    expect(compare).to_have_attribute("aria-pressed", "true")
    expect(board.tile("recent").locator(".change")).to_have_text("▲ 50.0%")
    expect(board.tile("recent").locator(".against")).to_have_text("vs 5m before")
    compare.click()
    expect(board.tile("recent").locator(".against")).not_to_have_text("vs 5m before")


def test_a_shared_link_shows_the_same_view(browser: Browser, board: Board) -> None:
    """Board, range, filter and comparison are in it; the key only when asked for."""
    page = board.page
    page.get_by_label("Range", exact=True).select_option("15m")
    choose(page, "country", "DE")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Share").click()
    link = page.get_by_role("dialog").get_by_label("Link", exact=True)
    plain = link.input_value()
    assert VIEW_KEY not in plain
    assert '{"country":"DE"}' in unquote(plain)
    page.get_by_role("checkbox").check()
    with_key = link.input_value()
    assert with_key == f"{plain}&key={VIEW_KEY}"
    with visit(browser) as other:
        shared = Board(other, "")
        other.goto(with_key)
        shared.shows(turnover=30)
        assert other.url == plain
        expect(other.get_by_label("Range", exact=True)).to_have_value("15m")
        expect(other.get_by_role("button", name="Compare")).to_have_attribute("aria-pressed", "true")
        expect(other.get_by_role("button", name="Remove the filter country = DE")).to_be_visible()
    with visit(browser) as stranger:
        stranger.goto(plain)
        expect(stranger.locator("#gate")).to_be_visible()
        stranger.locator("#gate input").fill(VIEW_KEY)
        stranger.keyboard.press("Enter")
        Board(stranger, "").shows(turnover=30)


def test_the_wall_has_nothing_but_the_board(board: Board) -> None:
    """No bar, larger type, full screen where the browser gives it; Escape leads back, and a link may say so."""
    page = board.page
    bar, size = page.locator("#board-bar"), "parseFloat(getComputedStyle(document.documentElement).fontSize)"
    page.set_viewport_size({"width": 1920, "height": 1080})
    before = page.evaluate(size)
    page.get_by_role("button", name="Wall").click()
    expect(bar).to_be_hidden()
    expect(page.locator("#status")).to_be_hidden()
    assert page.evaluate(size) > before
    board.shows(turnover=36)
    page.keyboard.press("Escape")
    page.evaluate("document.fullscreenElement && document.exitFullscreen()")
    expect(bar).to_be_visible()
    page.goto(page.url.split("#")[0] + "#/board/kinds?wall=1")
    expect(bar).to_be_hidden()
