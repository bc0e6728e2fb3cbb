"""Boards in a real browser against the protocol model: what is asked of the server, and that texts stay texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard.views import board, open_board, this_minute, tile
from tests.browser.payloads import PAYLOADS
from tests.browser.viewer_model import KEY, Message, ViewerModel, meta, now_ms, row
from tests.browser.visit import watch

MINUTE = 60_000
KPIS = [
    meta("views", title="Views"),
    meta("share", value="uniq(a) / uniq(b)", by=["$device"], unit="ratio"),
    meta("new", title="New", filling=True),
]


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with a few KPIs and one board."""
    with ViewerModel(KPIS) as running:
        running.boards = [board("main", "views", "share", "new")]
        yield running


def subscribed(model: ViewerModel, times: int) -> list[Message]:
    """What the page has subscribed to."""
    return model.wait(lambda message: message["type"] == "subscribe", times=times)


def test_tiles_of_the_same_rows_share_a_subscription(model: ViewerModel, page: Page) -> None:
    """Two tiles of one KPI are fed by one; a range of its own needs another one."""
    model.boards = [board("main", "views", tile("views", view="series"), tile("views", range="6h"), range="1h")]
    model.publish("views", [row(this_minute(), 7)], watermark=this_minute())
    open_board(page, model)
    expect(page.locator(".number[value='7']")).to_have_count(3)
    assert sorted(wish["last"] for wish in subscribed(model, 2)) == [3_660, 21_660]


def test_a_filter_and_a_comparison_ask_for_their_rows(model: ViewerModel, page: Page) -> None:
    """The socket gets the filter as values, the query API the same as SQL, for the range before the shown one."""
    begun = this_minute()
    model.publish("share", [row(begun, 0.5, dims={"$device": "D'x"})], watermark=begun)
    open_board(page, model, "?range=1h&compare=1&where=%7B%22%24device%22%3A%22D'x%22%7D")
    wishes = {wish["kpi"]: wish.get("where") for wish in subscribed(model, 3)}
    assert wishes == {"views": None, "share": {"$device": "D'x"}, "new": None}
    expect(page.locator('[data-kpi="share"] .number')).to_have_attribute("value", "0.5")
    expect(page.get_by_role("button", name="Remove the filter $device = D'x")).to_be_visible()
    model.await_query("share")
    query = next(query for name, query in model.queries if name == "share")
    assert query["where"] == "\"$device\" = 'D''x'"
    earliest, latest = begun - 120 * MINUTE, this_minute() - 119 * MINUTE
    assert int(query["from"]) in range(earliest, latest + 1, MINUTE)


def test_lines_have_names(model: ViewerModel, page: Page) -> None:
    """A trend of groups says whose its lines are, and its picture is told in words."""
    model.boards = [board("main", tile("share", view="series", size="large"))]
    rows = [row(this_minute(), value, dims={"$device": name}) for name, value in (("Phone", 0.2), ("Desk", 0.4))]
    model.publish("share", rows, watermark=this_minute())
    open_board(page, model)
    expect(page.locator(".legend li:not([hidden])")).to_have_text(["Desk", "Phone"])
    expect(page.get_by_role("img", name="Trend over one window, from 20.0 % to 40.0 %")).to_be_visible()


def test_what_is_being_filled_says_so_until_it_is(model: ViewerModel, page: Page) -> None:
    """The tile is live once the server says its definition anew with the first rows."""
    open_board(page, model)
    expect(page.locator('[data-kpi="new"] .kind')).to_have_text("filling")
    expect(page.locator('[data-kpi="new"] .caption')).to_have_text("Reading the event log")
    model.topics["new"].meta = meta("new", title="New")
    model.publish("new", [row(this_minute(), 3)], watermark=this_minute())
    model.restate("new")
    expect(page.locator('[data-kpi="new"] .kind')).to_have_text("partial")
    expect(page.locator('[data-kpi="new"] .number')).to_have_text("3")


def test_a_tile_is_dragged_to_another_place(model: ViewerModel, page: Page) -> None:
    """By its grip onto another tile; it is saved with the version that was shown."""
    open_board(page, model)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.locator('[data-kpi="new"] .grip').drag_to(page.locator('[data-kpi="views"] .about'))
    expect(page.locator(".tile").first).to_have_attribute("data-kpi", "new")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".badge:not(:empty)")).to_have_count(0)
    ((name, put, version),) = model.put
    assert (name, [one["kpi"] for one in put["tile"]], version) == ("main", ["new", "views", "share"], '"v"')


def test_the_focus_goes_where_a_person_sends_it(model: ViewerModel, page: Page) -> None:
    """A title that was typed is left with one press of a key or button; saving, and leaving a wall, keep the place."""
    open_board(page, model, "?wall=1")
    page.keyboard.press("Escape")
    expect(page.locator("#board-bar [aria-current=page]")).to_be_focused()
    page.get_by_role("button", name="Edit").click()
    title = page.locator('[data-kpi="views"] [data-act="title"]')
    title.fill("Looks")
    title.press("Tab")
    expect(page.get_by_role("button", name="Duplicate Looks")).to_be_focused()
    title.fill("Seen")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".notice")).to_contain_text("main is saved")
    expect(page.locator("#board-bar [aria-current=page]")).to_be_focused()
    [(_, saved, _)] = model.put
    assert saved["tile"][0]["title"] == "Seen"


def test_a_new_board_is_named_without_a_pointer(model: ViewerModel, page: Page) -> None:
    """The dialog is come to, filled in and sent by keys alone."""
    page.goto(f"{model.url}/#/board/all&key={KEY}")
    page.get_by_role("button", name="New board").press("Enter")
    page.keyboard.type("My own")
    page.keyboard.press("Enter")
    expect(page.locator("#board-bar [aria-current=page]")).to_contain_text("My own")
    assert page.url.endswith("#/board/my_own")


def test_ranges_are_listed_by_length(model: ViewerModel, page: Page) -> None:
    """Whichever is chosen; one that only the address knows comes first."""
    for chosen, wanted in (("1h", ["5m", "15m", "1h", "6h", "24h"]), ("2h", ["2h", "5m", "15m", "1h", "6h", "24h"])):
        open_board(page, model, f"?range={chosen}")
        options = page.get_by_role("combobox", name="Range").locator("option")
        expect(options).to_have_text([re.compile("^Range: "), *(f"Last {one}" for one in wanted)])


def test_no_text_of_a_board_becomes_markup(model: ViewerModel, page: Page) -> None:
    """Titles of boards and tiles, annotations and names of missing KPIs stay text, in the editor and sheets too."""
    fired: list[str] = []
    page.expose_function("fire", lambda: fired.append("fired"))
    troubles = watch(page)
    notes = [{"at": now_ms() - i, "text": text} for i, text in enumerate(PAYLOADS)]
    model.boards = [
        board("main", *(tile("views", title=text) for text in PAYLOADS), title=PAYLOADS[0], annotation=notes),
        *(board(f"b{i}", tile(text, title=text), title=text) for i, text in enumerate(PAYLOADS)),
    ]
    model.publish("views", [row(this_minute(), 1)], watermark=this_minute())
    open_board(page, model)
    expect(page.locator("h2").filter(has_text=PAYLOADS[0]).first).to_be_visible()
    page.get_by_role("button", name=f"Definition of {PAYLOADS[0]}").click()
    expect(page.get_by_role("dialog")).to_contain_text(PAYLOADS[1])
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.locator(".notes li")).to_have_count(len(PAYLOADS))
    page.get_by_role("button", name="Copy as TOML").click()
    expect(page.get_by_role("dialog").locator("code")).to_contain_text("onerror=fire()")
    page.keyboard.press("Escape")
    page.get_by_role("link", name=PAYLOADS[1], exact=True).click()
    expect(page.locator(".tile[data-missing]")).to_contain_text(f"No KPI {PAYLOADS[1]} is running")
    foreign = "script, iframe, svg, img, style, a:not([href^='#/'])"
    assert page.locator("main").locator(foreign).count() == 0
    assert (fired, troubles, model.reports) == ([], [], [])


@pytest.mark.parametrize(("tiles", "fits"), [(2, True), (16, True), (90, False)])
def test_a_wall_shows_the_whole_board_where_it_can(model: ViewerModel, page: Page, tiles: int, fits: bool) -> None:
    """Type is made smaller for a longer board, not for one that fits anyway, and not below what can be read."""
    model.boards = [board("main", *["views"] * tiles)]
    page.set_viewport_size({"width": 1920, "height": 1080})
    open_board(page, model, "?wall=1")
    expect(page.locator(".tile")).to_have_count(tiles)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight") == fits
    size = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
    usual = 8 + 0.0075 * 1920
    assert (page.evaluate(size) == pytest.approx(usual)) == (tiles != 16)
    page.keyboard.press("Escape")
    expect(page.locator("#board-bar")).to_be_visible()
    assert page.evaluate("document.documentElement.style.fontSize") == ""


VIEWS = [
    ("views", ("number", "series"), 7),
    ("share", ("auto", "bars"), 0.5),
    ("steps", ("funnel",), {"steps": [9, 7, 5, 3, 1]}),
    ("items", ("top",), {"items": [[f"/{i}", 20 - i] for i in range(15)]}),
    ("middle", ("band",), 7),
]


@pytest.mark.parametrize("size", ["small", "wide", "tall", "large"])
def test_what_a_tile_says_last_is_inside_of_it(page: Page, size: str) -> None:
    """Every view in every size, with more to show than has room: the line below, with the watermark, is not cut off."""
    kpis = [
        meta("views"),
        meta("share", value="uniq(a) / uniq(b)", by=["$device"], unit="ratio"),
        meta("steps", value="funnel(a = 1, b = 1, c = 1, d = 1, e = 1, within => '30m')"),
        meta("items", value="top(x, 15)"),
        meta("middle", value="quantile(x, 0.5)"),
    ]
    start = this_minute()
    with ViewerModel(kpis) as model:
        model.boards = [board("main", *(tile(kpi, view=view, size=size) for kpi, views, _ in VIEWS for view in views))]
        for kpi, _, value in VIEWS:
            dims = [{"$device": f"d{i}"} for i in range(30)] if kpi == "share" else [{}]
            model.publish(kpi, [row(start, value, dims=each) for each in dims], watermark=start)
        open_board(page, model)
        expect(page.locator(".tile")).to_have_count(7)
        expect(page.locator(".number[value]:not([value=''])")).to_have_count(7)
        over = page.locator(".tile").evaluate_all(
            """tiles => tiles.map((tile) => {
              const below = tile.querySelector("footer").getBoundingClientRect().bottom;
              return [tile.dataset.view, Math.round(below - tile.getBoundingClientRect().bottom)];
            }).filter(([, pixels]) => pixels > 0)"""
        )
        assert over == []
