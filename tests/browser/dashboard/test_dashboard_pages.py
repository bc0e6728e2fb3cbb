"""The pages of the dashboard in a real browser: how one comes to them, and what an empty one says."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.dashboard.views import board, publish_views
from tests.browser.viewer_model import KEY, ViewerModel, meta


def test_an_empty_board_says_what_to_do(page: Page) -> None:
    """Before the first event the board leads to the page with the snippet; the first event ends that."""
    with ViewerModel([meta("page_views")]) as model:
        page.goto(model.link)
        expect(page.locator("#empty h2")).to_contain_text("Waiting for the first event")
        page.get_by_role("link", name="Send your first event").click()
        expect(page.locator("#start-title")).to_be_visible()
        page.get_by_role("link", name="Board").click()
        publish_views(model, 1)
        expect(page.locator("#empty")).to_be_hidden()
        expect(page.locator(".number")).to_have_text("1")


def test_the_snippet_can_be_copied(model: ViewerModel, page: Page) -> None:
    """The snippet for a page of one's own has this server's address and a place for a key, and no key."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=model.url)
    page.goto(f"{model.url}/#/start&key={KEY}")
    page.get_by_role("button", name="Copy the snippet").click()
    expect(page.locator("[data-part=copied]")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f'import {{ init, capture }} from "{model.url}/sdk.js"' in copied
    assert KEY not in copied


def test_a_board_without_tiles_says_so(page: Page) -> None:
    """It is the board that is empty, not the KPI file: the way on is to edit it; the first tile ends that."""
    with ViewerModel([meta("page_views")]) as model:
        model.boards = [board("main")]
        page.goto(model.link)
        expect(page.locator("#empty")).to_contain_text("This board has no tiles")
        expect(page.locator("#empty")).not_to_contain_text("KPI file", use_inner_text=True)
        page.get_by_role("button", name="Edit").click()
        page.get_by_role("button", name="Add tile").click()
        expect(page.locator("#empty")).not_to_contain_text("no tiles", use_inner_text=True)


def test_there_is_no_bar_before_the_board(model: ViewerModel, page: Page) -> None:
    """While boards are on their way nothing can be edited or chosen: a click would be lost."""
    held: list[Route] = []
    page.route("**/v1/boards", lambda route: held.append(route))
    with page.expect_request("**/v1/boards"):
        page.goto(model.link)
    share = page.locator("#board-bar button", has_text="Share")
    expect(share).to_be_hidden()
    held[0].continue_()
    expect(share).to_be_visible()


def test_an_address_of_no_board_says_so(page: Page) -> None:
    """A link to a board that is gone shows another one, and says which."""
    with ViewerModel([meta("page_views")]) as model:
        model.boards = [board("main", "page_views", title="Main")]
        page.goto(f"{model.url}/#/board/gone&key={KEY}")
        expect(page.locator(".notice")).to_contain_text("There is no board gone. This is Main.")
        expect(page.locator("#board-bar [aria-current=page]")).to_have_text("Main")
        page.get_by_role("button", name="Dismiss").click()
        page.evaluate("location.hash = '#/board/main'")
        page.evaluate("location.hash = '#/board/lost'")
        expect(page.locator(".notice")).to_contain_text("There is no board lost")


def test_pages_have_addresses(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """A page is shown by its address, with and without a key in it; back and forward work; only one is shown."""
    page.goto(f"{model.url}/#/start&key={KEY}")
    expect(page.locator("#start-page")).to_be_visible()
    expect(page).to_have_url(f"{model.url}/#/start")
    expect(page.locator("#pages [aria-current=page]")).to_have_text("Start")
    expect(page).to_have_title("Start \N{EN DASH} Tidegate")
    expect(page.locator(".page:visible")).to_have_count(1)
    page.get_by_role("link", name="Board").click()
    expect(page.locator(".number")).to_have_text("7")
    expect(page.locator("#board-page")).to_be_focused()
    expect(page).to_have_title("All KPIs \N{EN DASH} Tidegate")
    expect(page.locator(".page:visible")).to_have_count(1)
    page.go_back()
    expect(page.locator("#start-page")).to_be_visible()
    page.evaluate("location.hash = '#/nowhere'")
    expect(page.locator(".number")).to_be_visible()
    assert troubles == []


def test_without_a_key_no_page_is_shown(model: ViewerModel, page: Page) -> None:
    """An address of a page asks for the key first, and leads there with it."""
    page.goto(f"{model.url}/#/start")
    expect(page.locator("#gate")).to_be_visible()
    expect(page.locator(".page:visible")).to_have_count(0)
    page.locator("#gate input").fill(KEY)
    page.keyboard.press("Enter")
    expect(page.locator("#start-page")).to_be_visible()


def test_keys_need_not_go_through_every_board(model: ViewerModel, page: Page) -> None:
    """The first stop leads past links and controls, to the tiles or the events; it is seen when it is there."""
    model.boards = [board(f"b{i}", "page_views", title=f"Board {i}") for i in range(30)]
    page.goto(model.link)
    expect(page.locator(".tile")).to_have_count(1)
    skip = page.get_by_role("button", name="Skip to the content")
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_have_css("clip-path", "none")
    page.keyboard.press("Enter")
    expect(skip).to_have_css("clip-path", "inset(50%)")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Definition of Page views")).to_be_focused()
    for name, section in (("Events", "#live-page"), ("Health", "#health-page")):
        page.get_by_role("link", name=name, exact=True).click()
        skip.press("Enter")
        expect(page.locator(section)).to_be_focused()
