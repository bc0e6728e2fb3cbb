"""Editing a board in a real browser: copies, steps back, annotations, and what others do to the board meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.dashboard.views import board, open_board, this_minute, tile
from tests.browser.viewer_model import KEY, ViewerModel, meta, row
from tests.browser.visit import watch

KPIS = [meta("views", title="Views"), meta("share", value="uniq(a) / uniq(b)", by=["$device"], unit="ratio")]


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with two KPIs and a board of both."""
    with ViewerModel(KPIS) as running:
        running.boards = [board("main", "views", "share", title="Main")]
        yield running


def edit(page: Page, model: ViewerModel) -> None:
    """Open the board and begin to edit it."""
    open_board(page, model)
    page.get_by_role("button", name="Edit", exact=True).click()


def named(page: Page, name: str) -> Locator:
    """A text field of the editor."""
    return page.get_by_role("textbox", name=name, exact=True)


def titles(page: Page) -> list[str]:
    """Titles of the tiles, in their order."""
    return page.locator(".tile h2").all_text_contents()


def saved_elsewhere(model: ViewerModel, **keys: Any) -> None:
    """Somebody else has saved the board; every page is told."""
    model.boards = [board("main", "views", "share", version="theirs", **keys)]
    model.say({"type": "notice", "code": "boards"})


def test_a_tile_is_duplicated_by_keys_and_saved(model: ViewerModel, page: Page) -> None:
    """The copy has all its tile has and stands behind it; its title says so and is where typing goes."""
    troubles = watch(page)
    model.boards = [board("main", tile("views", view="series", size="wide", range="6h"), "share")]
    edit(page, model)
    page.get_by_role("button", name="Duplicate Views").press("Enter")
    assert titles(page) == ["Views", "Views (copy)", "share"]
    expect(named(page, "title of Views (copy)")).to_be_focused()
    expect(page.locator(".said")).to_have_text("Views (copy): place 2 of 3")
    page.keyboard.type("Views, again")
    assert titles(page) == ["Views", "Views, again", "share"]
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.locator(".notice")).to_contain_text("saved")
    [(_, put, _)] = model.put
    assert put["tile"][1] == put["tile"][0] | {"title": "Views, again"}
    assert [one["kpi"] for one in put["tile"]] == ["views", "views", "share"]
    assert troubles == []


def test_a_full_board_takes_no_copy(model: ViewerModel, page: Page) -> None:
    """It says why, and nothing changes."""
    model.boards = [board("main", *["views"] * 120)]
    edit(page, model)
    page.get_by_role("button", name="Duplicate Views").first.click()
    expect(page.locator(".said")).to_have_text("This board is full: it has 120 tiles.")
    expect(page.locator(".tile")).to_have_count(120)


def test_an_edit_is_taken_back(model: ViewerModel, page: Page) -> None:
    """Step by step, a title in one; what is as the server has it is no draft any more."""
    edit(page, model)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    named(page, "title of Views").press_sequentially("Looks")
    page.get_by_role("button", name="Remove share").click()
    page.get_by_role("button", name="Remove Looks").click()
    expect(page.get_by_role("combobox", name="KPI of a new tile")).to_be_focused()
    for wanted in (["Looks"], ["Looks", "share"]):
        undo.click()
        assert titles(page) == wanted
    expect(page.locator(".badge:not(:empty)")).to_have_text("draft")
    undo.click()
    assert titles(page) == ["Views", "share"]
    expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()


def test_annotations_come_and_go_by_keys(model: ViewerModel, page: Page) -> None:
    """Enter adds what was typed; whoever removes one is told so and stays where annotations are."""
    edit(page, model)
    for text in ("One", "Two"):
        named(page, "Annotation").fill(text)
        page.keyboard.press("Enter")
    expect(page.locator(".notes li span")).to_have_text([re.compile("One$"), re.compile("Two$")])
    page.get_by_role("button", name="Remove the annotation One").press("Enter")
    expect(page.locator(".said")).to_have_text("The annotation One is removed")
    expect(page.get_by_role("button", name="Remove the annotation Two")).to_be_focused()
    page.keyboard.press("Enter")
    expect(named(page, "Annotation")).to_be_focused()


def test_a_save_without_a_connection_says_so(model: ViewerModel, page: Page) -> None:
    """In words, and what was edited is still there."""
    edit(page, model)
    named(page, "Title").fill("Mine")
    page.route("**/v1/boards/main", lambda route: route.abort("internetdisconnected"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".said")).to_have_text(
        "Not saved: the server cannot be reached. Your changes are kept in this browser."
    )
    expect(page.locator(".badge:not(:empty)")).to_have_text("draft")


def test_two_tabs_of_a_browser_lose_no_draft(model: ViewerModel, page: Page) -> None:
    """Each sees what the other edits; saved in one of them, it is no draft in the other."""
    model.boards.append(board("other", "share", title="Other"))
    second = page.context.new_page()
    edit(page, model)
    second.goto(f"{model.url}/#/board/other&key={KEY}")
    second.get_by_role("button", name="Edit", exact=True).click()
    named(page, "Title").fill("Mine")
    named(second, "Title").fill("Mine too")
    for tab in (page, second):
        expect(tab.locator(".tabs .badge:not(:empty)")).to_have_count(2)
    page.reload()
    expect(page.locator(".tabs a")).to_have_text(["Minedraft", "Mine toodraft", "All KPIs"])
    second.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".tabs .badge:not(:empty)")).to_have_count(1)


def test_a_draft_that_has_to_make_room_is_named(model: ViewerModel, page: Page) -> None:
    """A browser keeps drafts of 20 boards; whose is the oldest does not lose it without a word."""
    model.boards = [board(f"b{i}", "views", title=f"Board {i}") for i in range(21)]
    for i in range(21):
        page.goto(f"{model.url}/#/board/b{i}&key={KEY}")
        expect(page.locator('.tabs [aria-current="page"]')).to_have_text(f"Board {i}")
        page.get_by_role("button", name="Edit", exact=True).click()
        named(page, "Title").fill(f"Mine {i}")
    expect(page.locator('.notice[data-code="crowded"] p')).to_have_text(
        "This browser keeps drafts of 20 boards. That of Mine 0, the oldest, is gone."
    )
    expect(page.locator(".tabs .badge:not(:empty)")).to_have_count(20)


def test_the_bar_of_a_tile_is_called_after_it(model: ViewerModel, page: Page) -> None:
    """Also once it has another title, by typing and by a step back; without one it has that of its KPI."""
    edit(page, model)
    title = named(page, "title of Views")
    title.fill("Pages")
    expect(title).to_be_focused()
    title.press("Tab")
    for role, name in (("group", "Edit Pages"), ("button", "Remove Pages"), ("combobox", "size of Pages")):
        expect(page.get_by_role(role, name=name, exact=True)).to_be_visible()  # type: ignore[arg-type]
    page.get_by_role("button", name="Move Pages later").press("Enter")
    expect(page.locator(".said")).to_have_text("Pages: place 2 of 2")
    title = named(page, "title of Pages")
    title.fill("")
    title.press("Enter")
    expect(named(page, "title of Views")).to_have_attribute("placeholder", "Views")
    for _ in range(3):
        page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Remove Views", exact=True)).to_be_visible()


def test_a_step_back_takes_nothing_from_another_tab(model: ViewerModel, page: Page) -> None:
    """Both edit the same draft: what the other one did is not in the way of one's own steps, and not lost by them."""
    second = page.context.new_page()
    edit(page, model)
    edit(second, model)
    named(page, "Title").fill("Mine")
    expect(second.locator(".tabs [aria-current]")).to_contain_text("Mine")
    second.get_by_role("button", name="Remove share").click()
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    second.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator(".tabs [aria-current]")).to_contain_text("Mine")


def test_whoever_edits_what_somebody_else_saved_is_told_and_decides(model: ViewerModel, page: Page) -> None:
    """At once, not when it is too late; a plain save changes nothing, one over theirs names the version that goes."""
    edit(page, model)
    named(page, "Title").fill("Mine")
    saved_elsewhere(model, title="Theirs")
    expect(page.locator("p.overtaken")).to_contain_text("Somebody else saved this board meanwhile")
    expect(page.locator(".badge:not(:empty)")).to_have_text("old draft")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".said")).to_contain_text("Not saved")
    assert model.put == []
    page.get_by_role("button", name="Save over theirs").click()
    expect(page.locator(".notice")).to_contain_text("Mine is saved")
    [(_, put, version)] = model.put
    assert (put["title"], version) == ("Mine", '"theirs"')


def test_who_discards_an_old_draft_sees_what_is_there_now(model: ViewerModel, page: Page) -> None:
    """And can edit that."""
    edit(page, model)
    named(page, "Title").fill("Mine")
    saved_elsewhere(model, title="Theirs")
    page.get_by_role("button", name="Save over theirs").wait_for()
    page.get_by_role("button", name="Discard changes").click()
    expect(page.locator(".tabs [aria-current]")).to_have_text("Theirs")
    expect(page.get_by_role("button", name="Save over theirs")).to_be_hidden()
    named(page, "Title").fill("Ours")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("Ours is saved")


def test_a_save_that_comes_too_late_finds_out_what_is_there(model: ViewerModel, page: Page) -> None:
    """When the notice has not come yet, the refusal is what tells."""
    edit(page, model)
    named(page, "Title").fill("Mine")
    model.boards = [board("main", "share", title="Theirs", version="theirs")]
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".said")).to_have_text("Not saved. Somebody else saved this board meanwhile.")
    expect(page.get_by_role("button", name="Save over theirs")).to_be_visible()
    expect(named(page, "Title")).to_have_value("Mine")


def test_a_link_to_a_draft_says_what_others_will_see(model: ViewerModel, page: Page) -> None:
    """Changes that only this browser has are in no link."""
    open_board(page, model)
    share = page.get_by_role("button", name="Share", exact=True)
    share.click()
    expect(page.get_by_role("dialog")).not_to_contain_text("not saved")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit", exact=True).click()
    named(page, "Title").fill("Mine")
    share.click()
    expect(page.get_by_role("dialog")).to_contain_text("changes that are not saved")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New board").click()
    page.keyboard.type("Newest")
    page.keyboard.press("Enter")
    share.click()
    expect(page.get_by_role("dialog")).to_contain_text("nobody else can open it until it is saved")


def test_the_window_is_called_after_the_board(model: ViewerModel, page: Page) -> None:
    """In a row of browser tabs each says what it shows, also after the board got another title."""
    edit(page, model)
    expect(page).to_have_title("Main \N{EN DASH} Tidegate")
    named(page, "Title").fill("Shop")
    expect(page).to_have_title("Shop \N{EN DASH} Tidegate")
    page.get_by_role("link", name="Health").click()
    expect(page).to_have_title("Health \N{EN DASH} Tidegate")
    page.get_by_role("link", name="Board", exact=True).click()
    expect(page).to_have_title("Shop \N{EN DASH} Tidegate")


def test_a_wall_says_that_not_everything_is_shown(model: ViewerModel, page: Page) -> None:
    """Where no control says so; a plain wall has nothing to say."""
    scope = page.locator("#scope")
    open_board(page, model, "?where=%7B%22%24device%22%3A%22Phone%22%7D&compare=1")
    expect(scope).to_be_hidden()
    page.get_by_role("button", name="Wall").click()
    expect(scope).to_have_text("Only $device = Phone \N{MIDDLE DOT} Compared with the time before")
    expect(scope).to_be_visible()
    page.keyboard.press("Escape")
    open_board(page, model, "?wall=1")
    expect(scope).to_be_hidden()


def test_a_comparison_with_nothing_is_told(model: ViewerModel, page: Page) -> None:
    """When there are no rows of the time before, the place of the change does not stay empty."""
    model.publish("views", [row(this_minute(), 7)], watermark=this_minute())
    open_board(page, model, "?range=1h&compare=1")
    versus = page.locator('[data-kpi="views"] .versus')
    expect(versus).to_have_text("\N{EN DASH}vs 1h before")
    expect(versus.locator(".change")).to_have_attribute("title", re.compile("^Nothing is known of that time: "))


def test_tables_of_tiles_are_named_for_those_who_hear_them(model: ViewerModel, page: Page) -> None:
    """A table is called as its tile is."""
    model.publish("share", [row(this_minute(), 0.5, dims={"$device": "Phone"})], watermark=this_minute())
    model.boards = [board("main", tile("share", view="bars", title="Who comes"))]
    open_board(page, model)
    expect(page.get_by_role("table", name="Who comes")).to_contain_text("Phone")
