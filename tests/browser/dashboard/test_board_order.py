"""The order of the boards in a real browser: moved by keys, told to everybody, and nobody thrown off what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.dashboard.views import board, open_board
from tests.browser.viewer_model import KEY, ViewerModel, meta
from tests.browser.visit import watch


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with three boards of the file and a built-in one."""
    with ViewerModel([meta("views", title="Views")]) as running:
        names = ("one", "two", "three")
        running.boards = [board(name, "views", title=name.title()) for name in names]
        running.boards.append(board("own", "views", title="Own", built_in=True))
        yield running


def edit(page: Page, model: ViewerModel, name: str) -> None:
    """Open a board and begin to edit it."""
    page.goto(f"{model.url}/#/board/{name}&key={KEY}")
    page.get_by_role("button", name="Edit", exact=True).click()


def tabs(page: Page) -> Locator:
    """The boards, in their order."""
    return page.locator("#board-bar .tabs a")


def move(page: Page, way: str) -> Locator:
    """The button that moves the board which is edited."""
    return page.get_by_role("button", name=f"Move board {way}")


def test_a_board_is_moved_by_keys_and_everybody_sees_it(model: ViewerModel, page: Page) -> None:
    """It is saved at once, said to who hears it, and the key can be pressed again."""
    troubles = watch(page)
    other = page.context.new_page()
    other.goto(f"{model.url}/#/board/two&key={KEY}")
    expect(tabs(other).first).to_have_text("One")
    edit(page, model, "three")
    move(page, "earlier").press("Enter")
    expect(page.locator(".said")).to_have_text("Three: place 2 of 3")
    expect(tabs(page)).to_have_text(["One", "Three", "Two", "Own", "All KPIs"])
    expect(tabs(other)).to_have_text(["One", "Three", "Two", "Own", "All KPIs"])
    expect(move(page, "earlier")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_have_text("Three: place 1 of 3")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_have_text("It is the first board already.")
    expect(move(page, "earlier")).to_have_attribute("aria-disabled", "true")
    expect(move(page, "earlier")).to_be_focused()
    assert model.orders == [["one", "three", "two"], ["three", "one", "two"]]
    expect(page.locator("#board-bar [aria-current=page]")).to_have_text("Three")
    expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    assert troubles == []


def test_keys_pressed_in_a_row_are_places_in_a_row(model: ViewerModel, page: Page) -> None:
    """However long the server takes for each."""
    edit(page, model, "one")
    for _ in range(2):
        move(page, "later").press("Enter")
    expect(tabs(page)).to_have_text(["Two", "Three", "One", "Own", "All KPIs"])
    expect(page.locator(".said")).to_have_text("One: place 3 of 3")
    assert model.orders == [["two", "one", "three"], ["two", "three", "one"]]


def test_a_move_leaves_a_draft_alone(model: ViewerModel, page: Page) -> None:
    """The order is everybody's at once; what is edited of the board stays in this browser until it is saved."""
    edit(page, model, "two")
    page.get_by_role("textbox", name="Title", exact=True).fill("Mine")
    move(page, "later").click()
    expect(tabs(page)).to_have_text(["One", "Three", "Minedraft", "Own", "All KPIs"])
    assert model.put == []


def test_an_order_that_somebody_else_changed_is_shown_and_not_replaced(model: ViewerModel, page: Page) -> None:
    """Also when the notice of it has not come yet."""
    edit(page, model, "three")
    model.boards.insert(0, model.boards.pop(1))
    move(page, "earlier").click()
    expect(page.locator(".said")).to_contain_text("Not moved: somebody else moved, added or deleted a board meanwhile.")
    expect(tabs(page)).to_have_text(["Two", "One", "Three", "Own", "All KPIs"])
    move(page, "earlier").click()
    expect(tabs(page)).to_have_text(["Two", "Three", "One", "Own", "All KPIs"])


@pytest.mark.parametrize(
    ("name", "way", "why"),
    [
        ("one", "earlier", "It is the first board already."),
        ("three", "later", "It is the last board that can be moved"),
        ("own", "earlier", "It is built in"),
        ("own", "later", "It is built in"),
    ],
)
def test_a_board_that_stays_says_why(model: ViewerModel, page: Page, name: str, way: str, why: str) -> None:
    """To who points at the button, and to who presses it."""
    edit(page, model, name)
    expect(move(page, way)).to_have_accessible_description(re.compile(why))
    move(page, way).press("Enter")
    expect(page.locator(".said")).to_contain_text(why)
    assert model.orders == []


def test_boards_of_a_read_only_file_say_where_they_are_moved(model: ViewerModel, page: Page) -> None:
    """Nothing is asked of the server."""
    model.writable = False
    edit(page, model, "two")
    move(page, "later").press("Enter")
    expect(page.locator(".said")).to_contain_text("which pages cannot write. Move its [[board]] in that file")
    assert model.orders == []


def test_the_board_of_all_kpis_says_that_it_is_always_last(model: ViewerModel, page: Page) -> None:
    """Where one would edit it."""
    page.goto(f"{model.url}/#/board/all&key={KEY}")
    page.get_by_role("button", name="New board").click()
    expect(page.get_by_role("dialog")).to_contain_text("always last. It cannot be edited or moved")


def test_who_reads_the_first_board_keeps_it_when_another_one_becomes_the_first(model: ViewerModel, page: Page) -> None:
    """Without a name in the address, too; whoever comes later gets the first one."""
    page.goto(model.link)
    expect(page.locator("#board-bar [aria-current=page]")).to_have_text("One")
    model.boards.insert(0, model.boards.pop(2))
    model.say({"type": "notice", "code": "boards"})
    expect(tabs(page)).to_have_text(["Three", "One", "Two", "Own", "All KPIs"])
    expect(page.locator("#board-bar [aria-current=page]")).to_have_text("One")
    page.reload()
    expect(page.locator("#board-bar [aria-current=page]")).to_have_text("Three")


def test_the_focus_stays_on_a_board_that_is_moved(model: ViewerModel, page: Page) -> None:
    """Not on the place where it was: Enter would open another board than was read out."""
    open_board(page, model)
    tabs(page).filter(has_text="Three").focus()
    model.boards.insert(0, model.boards.pop(2))
    model.say({"type": "notice", "code": "boards"})
    expect(tabs(page)).to_have_text(["Three", "One", "Two", "Own", "All KPIs"])
    expect(tabs(page).filter(has_text="Three")).to_be_focused()


def test_the_board_that_is_shown_can_be_seen_in_a_row_of_many(model: ViewerModel, page: Page) -> None:
    """Come to by a link, and moved."""
    model.boards = [board(f"b{i}", "views", title=f"Board number {i}") for i in range(30)]
    edit(page, model, "b29")
    current = page.locator("#board-bar [aria-current=page]")
    expect(current).to_be_in_viewport(ratio=0.99)
    for _ in range(29):
        move(page, "earlier").press("Enter")
    expect(page.locator(".said")).to_have_text("Board number 29: place 1 of 30")
    expect(current).to_be_in_viewport(ratio=0.99)
