"""Editing boards in the page, with the keyboard alone, against a real gateway that keeps them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visit import visit, watch
from tests.e2e.board import Board
from tests.e2e.boardkpis import BOARD, send, write_set
from tests.e2e.gateway_process import GatewayProcess


@pytest.fixture
def kpis(tmp_path: Path) -> Path:
    """A KPI of each kind."""
    return write_set(tmp_path / "kpis.toml")


@pytest.fixture
def gateway(tmp_path: Path, kpis: Path) -> Iterator[GatewayProcess]:
    """A gateway whose boards are in its data folder."""
    with GatewayProcess(tmp_path / "data", kpis=kpis, drain_ms=100) as running:
        yield running


@pytest.fixture
def page(page: Page) -> Page:
    """A blank page, large enough for all tiles."""
    page.set_viewport_size({"width": 1280, "height": 2000})
    return page


def press(page: Page, name: str, key: str = "Enter") -> None:
    """Use a button without the mouse."""
    page.get_by_role("button", name=name, exact=True).press(key)


def go_to(page: Page, title: str) -> None:
    """Follow the tab of a board, and wait until that board is shown."""
    tab = page.get_by_role("navigation", name="Boards").get_by_role("link", name=title)
    tab.click()
    expect(tab).to_have_attribute("aria-current", "page")


def order(page: Page) -> list[str | None]:
    """The KPIs of the tiles, in their order."""
    return [tile.get_attribute("data-kpi") for tile in page.locator(".tile").all()]


def new_board(board: Board, title: str) -> None:
    """Open the dashboard with the tiles of all KPIs, and make a board of them."""
    board.page.goto(board.page.url.split("#")[0] + "#/board/all")
    expect(board.page.locator(".tile")).to_have_count(11)
    press(board.page, "New board")
    board.page.get_by_label("Title of the new board").fill(title)
    board.page.keyboard.press("Enter")
    expect(board.page.get_by_role("link", name=title)).to_have_attribute("aria-current", "page")


def test_a_board_is_made_edited_and_saved_by_keyboard(
    browser: Browser, page: Page, gateway: GatewayProcess, tmp_path: Path
) -> None:
    """Move, view, size, title, range, remove, add, annotate, save without a mouse; another page sees it at once."""
    troubles = watch(page)
    send(gateway, [("order", "u", {"value": 5, "country": "DE"})])
    board, other_board = Board(page, gateway.url), None
    board.open()
    board.shows(orders=1)
    with visit(browser) as other:
        other_board = Board(other, gateway.url)
        other_board.open()
        other_board.shows(orders=1)
        new_board(board, "Our shop")
        assert order(page)[:3] == ["orders", "turnover", "pages"]
        press(page, "Move Orders later")
        assert order(page)[:3] == ["turnover", "orders", "pages"]
        # The focus goes with the tile, so that the same key moves it on.
        expect(page.get_by_role("button", name="Move Orders later")).to_be_focused()
        page.keyboard.press("Enter")
        assert order(page)[:3] == ["turnover", "pages", "orders"]
        expect(page.get_by_role("status").filter(has_text="Orders: place 3 of 11")).to_be_visible()
        page.get_by_label("view of turnover").select_option("bars")
        expect(board.tile("turnover")).to_have_attribute("data-view", "bars")
        page.get_by_label("size of turnover").select_option("large")
        expect(board.tile("turnover")).to_have_attribute("data-size", "large")
        page.get_by_label("range of turnover").select_option("1h")
        title = page.get_by_label("title of turnover")
        title.fill("Money")
        title.press("Enter")
        expect(board.tile("turnover").locator("h2")).to_have_text("Money")
        press(page, "Remove pages")
        expect(board.tile("pages")).to_have_count(0)
        page.get_by_label("KPI of a new tile").select_option("orders")
        press(page, "Add tile", "Space")
        expect(board.tile("orders")).to_have_count(2)
        page.get_by_label("Annotation", exact=True).fill("Release 1.4")
        press(page, "Add annotation")
        expect(page.locator(".notes")).to_contain_text("Release 1.4")
        page.get_by_label("Title", exact=True).fill("The shop")
        press(page, "Save")
        go_to(other, "The shop")
        assert order(other)[:2] == ["turnover", "orders"]
        expect(other_board.tile("turnover").locator("h2")).to_have_text("Money")
        expect(other_board.number("turnover")).to_have_attribute("value", "5")
        other.get_by_role("button", name="Definition of Money").click()
        expect(other.get_by_role("dialog")).to_contain_text("Release 1.4")
    page.reload()
    expect(page.get_by_role("link", name="The shop")).to_have_attribute("aria-current", "page")
    expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    (saved,) = tomllib.loads((tmp_path / "data" / "boards.toml").read_text())["board"]
    assert (saved["name"], saved["title"], len(saved["tile"])) == ("our_shop", "The shop", 11)
    assert saved["tile"][0] == {"kpi": "turnover", "view": "bars", "size": "large", "title": "Money", "range": "1h"}
    assert troubles == []


@contextmanager
def two_who_edit(browser: Browser, page: Page, gateway: GatewayProcess) -> Iterator[Page]:
    """A saved board from which `page` has taken a tile and not saved that; the page of another who edits it too."""
    board = Board(page, gateway.url)
    board.open()
    board.is_live()
    new_board(board, "Ours")
    press(page, "Save")
    expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    press(page, "Edit")
    press(page, "Remove Orders")
    with visit(browser) as other:
        Board(other, gateway.url).open()
        go_to(other, "Ours")
        press(other, "Edit")
        yield other


def test_two_who_edit_the_same_board_are_told(browser: Browser, page: Page, gateway: GatewayProcess) -> None:
    """The second one to save overwrites nothing: the page says so and keeps the draft."""
    board = Board(page, gateway.url)
    with two_who_edit(browser, page, gateway) as other:
        press(other, "Remove turnover")
        press(other, "Save")
        expect(other.locator(".tile")).to_have_count(10)
        expect(other.locator(".badge:not(:empty)")).to_have_count(0)
    press(page, "Save")
    expect(page.locator(".said")).to_contain_text("Somebody else saved this board")
    expect(board.tile("orders")).to_have_count(0)
    press(page, "Discard changes")
    expect(board.tile("orders")).to_have_count(1)
    expect(board.tile("turnover")).to_have_count(0)
    press(page, "Remove Orders")
    press(page, "Save")
    expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    expect(page.locator(".tile")).to_have_count(9)


def test_a_deleted_board_is_gone_for_all_who_watch_it_until_it_is_put_back(
    browser: Browser, page: Page, gateway: GatewayProcess
) -> None:
    """By keyboard: asked first, said to those who watch it, undone as it was and where it was."""
    troubles = watch(page)
    board = Board(page, gateway.url)
    board.open()
    board.is_live()
    for title in ("Ours", "Second"):
        new_board(board, title)
        press(page, "Save")
        expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    tabs = page.get_by_role("navigation", name="Boards").get_by_role("link")
    with visit(browser) as other:
        Board(other, gateway.url).open()
        go_to(other, "Ours")
        go_to(page, "Ours")
        press(page, "Edit")
        press(page, "Delete board")
        dialog = page.get_by_role("dialog", name="Delete Ours?")
        expect(dialog).to_contain_text("gone for everyone")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Delete board")).to_be_focused()
        expect(page.get_by_role("link", name="Ours")).to_be_visible()
        page.keyboard.press("Enter")
        press(page, "Delete the board")
        expect(tabs).to_have_text(["Second", "All KPIs"])
        said = page.get_by_role("status").filter(has_text="The board Ours is deleted.")
        expect(said).to_be_visible()
        expect(page.get_by_role("button", name="Undo")).to_be_focused()
        expect(page.get_by_role("status").filter(has_text="was deleted")).to_have_count(0)
        told = other.get_by_role("status").filter(has_text="The board Ours was deleted. This is Second.")
        expect(told).to_be_visible()
        expect(other.get_by_role("link", name="Second")).to_have_attribute("aria-current", "page")
        page.keyboard.press("Enter")
        expect(tabs).to_have_text(["Ours", "Second", "All KPIs"])
        expect(page.get_by_role("link", name="Ours")).to_be_focused()
        expect(page.locator(".tile")).to_have_count(11)
        expect(other.get_by_role("link", name="Ours")).to_have_attribute("aria-current", "page")
    assert troubles == []


def test_a_built_in_board_comes_back_when_the_one_in_its_place_is_deleted(page: Page, tmp_path: Path) -> None:
    """The built-in one itself stays, and the page says why."""
    with GatewayProcess(tmp_path / "own", drain_ms=100) as gateway:
        Board(page, gateway.url).open()
        tab = page.get_by_role("navigation", name="Boards").get_by_role("link").first
        expect(tab).to_have_text("Overview")
        press(page, "Edit")
        press(page, "Delete board")
        expect(page.get_by_role("dialog")).to_contain_text("It is built in")
        page.keyboard.press("Escape")
        page.get_by_label("Title", exact=True).fill("Ours")
        press(page, "Save")
        expect(page.locator(".badge:not(:empty)")).to_have_count(0)
        expect(tab).to_have_text("Ours")
        press(page, "Edit")
        press(page, "Delete board")
        press(page, "Go back to it")
        expect(tab).to_have_text("Overview")
        expect(page.get_by_role("button", name="Undo")).to_be_focused()
        page.keyboard.press("Enter")
        expect(tab).to_have_text("Ours")


def test_who_edits_a_board_that_somebody_deletes_can_make_it_anew(
    browser: Browser, page: Page, gateway: GatewayProcess
) -> None:
    """The draft stays, the page says so, and saving is no overwriting."""
    with two_who_edit(browser, page, gateway) as other:
        press(other, "Delete board")
        press(other, "Delete the board")
        expect(page.locator(".said")).to_contain_text("The board Ours was deleted. Saving makes it anew.")
        press(page, "Save")
        expect(page.locator(".badge:not(:empty)")).to_have_count(0)
        expect(other.get_by_role("link", name="Ours")).to_be_visible()
        press(other, "Undo")
        expect(other.get_by_role("status").filter(has_text="there is another board of this name")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(10)


def test_a_draft_survives_a_reload_and_can_be_discarded(page: Page, gateway: GatewayProcess) -> None:
    """What was not saved is marked, stays in this browser, and goes when it is told to."""
    board = Board(page, gateway.url)
    board.open()
    board.is_live()
    new_board(board, "Mine")
    press(page, "Save")
    expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    press(page, "Edit")
    press(page, "Remove Orders")
    expect(page.locator(".badge:not(:empty)")).to_have_text("draft")
    page.reload()
    expect(page.locator(".badge:not(:empty)")).to_have_text("draft")
    expect(board.tile("turnover")).to_have_count(1)
    expect(board.tile("orders")).to_have_count(0)
    press(page, "Edit")
    press(page, "Discard changes")
    expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    expect(board.tile("orders")).to_have_count(1)


def test_a_file_that_pages_cannot_write_gets_a_draft_as_toml(page: Page, tmp_path: Path, kpis: Path) -> None:
    """The page says why, has no button to save, and gives the TOML that the file would need."""
    file = tmp_path / "boards.toml"
    file.write_text(BOARD)
    with GatewayProcess(tmp_path / "data", kpis=kpis, boards=file, drain_ms=100) as gateway:
        board = Board(page, gateway.url)
        board.open()
        board.is_live()
        press(page, "Edit")
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        expect(page.locator(".said")).to_contain_text("cannot write")
        press(page, "Delete board")
        expect(page.get_by_role("dialog")).to_contain_text("It is read-only")
        expect(page.get_by_role("button", name="Delete the board")).to_have_count(0)
        page.keyboard.press("Escape")
        press(page, "Remove Not there yet")
        press(page, "Copy as TOML")
        written = page.get_by_role("dialog").locator("code").inner_text()
        assert file.read_text() == BOARD
        file.write_text(written)
        page.keyboard.press("Escape")
        press(page, "Discard changes")
        expect(page.locator(".tile[data-missing]")).to_have_count(0)
        expect(page.locator(".tile")).to_have_count(8)


def test_a_board_is_moved_for_everybody_by_keyboard(
    browser: Browser, page: Page, gateway: GatewayProcess, tmp_path: Path
) -> None:
    """Said where it stands, in the file, on the page of another at once; the same key takes it on."""
    troubles = watch(page)
    board = Board(page, gateway.url)
    board.open()
    board.is_live()
    for title in ("One", "Two", "Three"):
        new_board(board, title)
        press(page, "Save")
        expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    with visit(browser) as other:
        Board(other, gateway.url).open()
        go_to(other, "Two")
        press(page, "Edit")
        press(page, "Move board earlier")
        expect(page.get_by_role("status").filter(has_text="Three: place 2 of 3")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="Three: place 1 of 3")).to_be_visible()
        tabs = other.get_by_role("navigation", name="Boards").get_by_role("link")
        expect(tabs).to_have_text(["Three", "One", "Two", "All KPIs"])
        expect(tabs.filter(has_text="Two")).to_have_attribute("aria-current", "page")
    saved = tomllib.loads((tmp_path / "data" / "boards.toml").read_text())["board"]
    assert [one["name"] for one in saved] == ["three", "one", "two"]
    assert troubles == []
