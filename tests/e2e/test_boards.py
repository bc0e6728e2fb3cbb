"""Boards of a real gateway: each kind of tile with real rows, and files that are reloaded while someone looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import watch
from tests.e2e.board import Board
from tests.e2e.boardkpis import BOARD, DAY_MS, at, send, write_set
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.patience import eventually


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    """The file of boards."""
    file = tmp_path / "boards.toml"
    file.write_text(BOARD)
    return file


@pytest.fixture
def gateway(tmp_path: Path, boards: Path) -> Iterator[GatewayProcess]:
    """A gateway with a KPI of each kind and that file."""
    kpis = write_set(tmp_path / "kpis.toml")
    with GatewayProcess(tmp_path / "data", kpis=kpis, boards=boards, drain_ms=100) as running:
        yield running


@pytest.fixture
def page(page: Page) -> Page:
    """A blank page, large enough for all tiles."""
    page.set_viewport_size({"width": 1280, "height": 2000})
    return page


@pytest.fixture
def board(page: Page, gateway: GatewayProcess) -> Board:
    """The dashboard in that page, not loaded yet."""
    return Board(page, gateway.url)


def test_each_kind_of_tile_shows_real_rows(board: Board, gateway: GatewayProcess) -> None:
    """Number, trend, groups, funnel, cohorts, list, band and sessions: what was sent, exactly; and what is missing."""
    troubles = watch(board.page)
    send(gateway, [("look", f"u{i}", {"$pathname": "/a"}) for i in range(4)], at(DAY_MS))
    looks = [("look", f"u{i}", {"$pathname": "/a" if i < 3 else "/b", "ms": 100 * i}) for i in range(5)]
    send(gateway, looks)
    board.open()
    board.shows(checkout=0, visits=5)
    send(gateway, [("order", f"u{i}", {"value": 10 + i, "country": "DE" if i else "FR"}) for i in range(3)])
    board.shows(orders=3, recent=3, turnover=33)
    expect(board.tile("turnover").locator("tbody tr:not([data-empty])")).to_have_text(["DE23", "FR10"])
    board.number_is("checkout", 3 / 5)
    steps = board.tile("checkout").locator("tbody tr")
    expect(steps).to_have_text(["look5100%", "order360%60%"])
    expect(board.tile("pages").locator("tbody tr:not([data-empty])").first).to_have_text("/a3")
    expect(board.tile("visits").locator("tbody tr:not([data-empty])")).to_have_count(5)
    expect(board.tile("visits").locator(".caption")).to_have_text("5 open sessions")
    board.number_is("paint", 200, within=0.02)
    cohorts = board.tile("comeback").locator("tbody tr:not([hidden])")
    expect(cohorts).to_have_count(2)
    expect(cohorts.first.locator("td")).to_have_text(["4", "100%", ""])
    expect(cohorts.last.locator("td").first).to_have_text("1")
    views = [tile.get_attribute("data-view") for tile in board.page.locator(".tile[data-view]").all()]
    assert views == ["number", "series", "bars", "funnel", "retention", "top", "band", "sessions"]
    gone = board.page.locator('[data-missing="nonesuch"]')
    expect(gone).to_contain_text("No KPI nonesuch is running")
    expect(gone.locator("h2")).to_have_text("Not there yet")
    assert troubles == []


def test_each_tile_says_how_far_to_trust_it(board: Board, gateway: GatewayProcess) -> None:
    """Age, delay from event to screen, watermark and kind on the tile; SQL, owner and lineage on demand."""
    board.open()
    board.is_live()
    for count in (1, 2, 3):
        send(gateway, [("order", "u", {"value": 1, "country": "DE"})])
        board.shows(orders=count)
    tile = board.tile("orders")
    expect(tile.locator(".fresh")).to_have_text(re.compile(r"^\d"))
    expect(tile.locator(".delay")).to_have_text(re.compile(r"^p50 [\d.]+ s · p95 [\d.]+ s$"))
    expect(tile.locator(".behind")).to_have_text(re.compile(r"^watermark [\d.]+ s$"))
    expect(tile.locator(".kind")).to_have_text("partial")
    tile.get_by_role("button", name="Definition of Orders").click()
    sheet = board.page.get_by_role("dialog", name="Orders")
    expect(sheet.locator("pre")).to_have_text("SELECT count(*)\nWHERE event = 'order'")
    for fact in ("Owner", "shop", "Events", "From event to screen", "Complete up to", "exact"):
        expect(sheet).to_contain_text(fact)
    expect(sheet.locator("dt", has_text=re.compile("^Events$")).locator("~ dd")).to_have_text("order")
    expect(sheet.get_by_role("table").locator("tbody tr").first).to_contain_text("partial")
    board.page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(tile.get_by_role("button")).to_be_focused()


def test_a_changed_file_is_on_the_screen_at_once(board: Board, gateway: GatewayProcess, boards: Path) -> None:
    """Tiles come, go and change places without a reload; those that stay keep their rows; a bad file does nothing."""
    send(gateway, [("order", "u", {"value": 5, "country": "DE"})])
    board.open()
    board.shows(orders=1, turnover=5)
    number = board.number("orders").element_handle()
    boards.write_text(
        '[[board]]\nname = "kinds"\ntitle = "Fewer"\n'
        '[[board.tile]]\nkpi = "turnover"\n[[board.tile]]\nkpi = "orders"\nview = "number"\n'
        '[[board]]\nname = "more"\ntitle = "<b>More</b>"\n'
    )
    tabs = board.page.get_by_role("navigation", name="Boards").get_by_role("link")
    expect(tabs).to_have_text(["Fewer", "<b>More</b>", "All KPIs"])
    tiles = board.page.locator(".tile")
    expect(tiles).to_have_count(2)
    assert [tile.get_attribute("data-kpi") for tile in tiles.all()] == ["turnover", "orders"]
    assert number is not None
    assert number.evaluate("(one) => one.isConnected")
    boards.write_text('[[board]]\nname = "kinds"\n[[board.tile]]\nkip = "orders"\n')
    eventually(gateway.log, lambda log: "line 4, column 7" in log)
    send(gateway, [("order", "u", {"value": 5, "country": "DE"})])
    board.shows(orders=2, turnover=10)
    expect(tabs).to_have_text(["Fewer", "<b>More</b>", "All KPIs"])


def test_boards_have_addresses(board: Board, gateway: GatewayProcess) -> None:
    """A tab leads to its board and to its address; going back leads back."""
    send(gateway, [("order", "u", {"value": 5, "country": "DE"})])
    board.open()
    board.shows(orders=1)
    board.page.get_by_role("link", name="All KPIs").click()
    expect(board.page.locator(".tile")).to_have_count(11)
    expect(board.page).to_have_url(re.compile("#/board/all$"))
    expect(board.page.get_by_role("button", name="Edit", exact=True)).to_have_count(0)
    board.page.go_back()
    expect(board.page.locator(".tile")).to_have_count(9)
    expect(board.page.get_by_role("link", name="All kinds")).to_have_attribute("aria-current", "page")
