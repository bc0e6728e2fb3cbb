"""The dashboard's page in a real browser: its key, its safety, its states, and that nothing on it moves."""

from __future__ import annotations

import re
import shutil
from functools import partial
from operator import eq
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.dashboard.views import publish_views, this_minute
from tests.browser.payloads import PAYLOADS
from tests.browser.viewer_model import DASHBOARD, KEY, Topic, ViewerModel, meta, now_ms, row
from tests.e2e.patience import eventually


def test_the_key_leaves_the_address_and_stays_in_the_tab(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """A key in the fragment is taken out of the visible address, and a reload still knows it."""
    page.goto(f"{model.url}/#board=1&key={KEY}")
    expect(page.locator(".number")).to_have_text("7")
    expect(page).to_have_url(f"{model.url}/#board=1")
    page.reload()
    expect(page.locator(".number")).to_have_text("7")
    assert KEY not in page.url
    assert KEY not in page.content()
    assert troubles == []


def test_without_a_key_the_page_asks_for_it(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """No key: a form, with the field ready; an empty answer is told so, a good one opens the board."""
    page.goto(model.url)
    expect(page.get_by_label("View key", exact=True).and_(page.locator("#gate input"))).to_be_focused()
    page.get_by_role("button", name="Open the board").click()
    expect(page.get_by_role("alert")).to_have_text("Enter a view key.")
    page.locator("#gate input").fill(f"  {KEY} ")
    page.keyboard.press("Enter")
    expect(page.locator(".number")).to_have_text("7")
    expect(page.locator("#gate")).to_be_hidden()
    assert troubles == []


def test_a_bad_key_shows_the_form_with_a_message(model: ViewerModel, page: Page) -> None:
    """A key that the server refuses is forgotten, the form says why, and nothing is tried again with it."""
    page.goto(f"{model.url}/#key=vk_wrong")
    expect(page.get_by_role("alert")).to_have_text("The server did not accept this view key.")
    expect(page.locator(".tile")).to_have_count(0)
    page.reload()
    expect(page.locator("#gate")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text("")
    assert model.received == []


def test_a_key_that_ends_while_watching_clears_the_board(model: ViewerModel, page: Page) -> None:
    """A close with 4001 takes the numbers off the screen and asks for a key."""
    page.goto(model.link)
    expect(page.locator(".number")).to_have_text("7")
    model.drop(4001)
    expect(page.get_by_role("alert")).to_have_text("The server did not accept this view key.")
    expect(page.locator(".tile")).to_have_count(0)


def test_the_key_can_be_changed(model: ViewerModel, page: Page) -> None:
    """`Change key` forgets the key and asks for another; a link with a key, opened in place, is taken."""
    page.goto(model.link)
    expect(page.locator(".number")).to_have_text("7")
    page.get_by_role("button", name="Change key").click()
    expect(page.locator("#gate")).to_be_visible()
    page.evaluate(f"location.hash = 'key={KEY}'")
    expect(page.locator(".number")).to_have_text("7")


def test_a_hidden_tab_says_so(model: ViewerModel, page: Page) -> None:
    """Visibility is sent when the tab is hidden and when it is shown again."""
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => Boolean(window.away) })")
    page.goto(model.link)
    expect(page.locator(".number")).to_have_text("7")
    for away, told in (("true", False), ("false", True)):
        page.evaluate(f"away = {away}; document.dispatchEvent(new Event('visibilitychange'))")
        model.wait(partial(eq, {"type": "visibility", "visible": told}))


def test_no_text_from_the_wire_becomes_markup(page: Page, troubles: list[str]) -> None:
    """Payloads in titles, names, units, windows, dimensions, items, errors and notices stay text and do not fire."""
    fired: list[str] = []
    page.expose_function("fire", lambda: fired.append("fired"))
    kpis = [
        meta(
            f"k{i} {text}", title=text, description=text, unit=text, window=f"tumbling 1m {text}", by=[text], owner=text
        )
        for i, text in enumerate(PAYLOADS)
    ]
    kpis.append(meta("top", value="top(x, 30)"))
    start = this_minute()
    with ViewerModel(kpis) as model:
        for entry, text in zip(kpis, PAYLOADS, strict=False):
            rows = [row(start, i, dims={text: other}) for i, other in enumerate(PAYLOADS)]
            model.publish(entry["name"], [*rows, row(start, text, dims={text: 5})], watermark=start)
        items = [[text, 3] for text in PAYLOADS]
        model.publish("top", [row(start, {"items": items, text: text}) for text in PAYLOADS[:1]], watermark=start)
        page.goto(model.link)
        expect(page.locator(".number[value]:not([value=''])")).to_have_count(len(kpis))
        expect(page.locator("h2").filter(has_text=PAYLOADS[0]).first).to_be_visible()
        for text in PAYLOADS:
            model.say({"type": "notice", "code": text})
            model.say({"type": "error", "code": text})
        expect(page.locator('[data-code="notice"]')).to_contain_text(PAYLOADS[-1])
        for shown in page.locator(".tile").all()[:4]:
            shown.hover()
        foreign = "script, iframe, svg, img, style, a:not([href^='#/']), input:visible"
        assert page.locator("main").locator(foreign).count() == 0
        assert (fired, troubles, model.reports) == ([], [], [])


def test_the_policy_of_the_test_has_teeth(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """Markup that would run is stopped and reported here, so the silence of the test before means something."""
    page.goto(model.link)
    expect(page.locator(".number")).to_have_text("7")
    with pytest.raises(Error, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<img src=x onerror=fire()>'")
    page.wait_for_function("true")
    # The report comes by way of the browser, and is heard while the page is asked something.
    eventually(page.title, lambda _: any("require-trusted-types-for" in trouble for trouble in troubles))


def test_a_server_that_comes_late_is_found(model: ViewerModel, page: Page) -> None:
    """A page opened while the server is away says so and connects by itself."""
    model.up = False
    page.goto(model.link)
    expect(page.locator("[data-part=phase]")).to_have_text("Disconnected")
    model.up = True
    expect(page.locator(".number")).to_have_text("7")


def test_without_the_chart_library_numbers_still_work(tmp_path: Path, page: Page) -> None:
    """A dashboard whose charts were not installed shows numbers and a note in place of the trend."""
    root = shutil.copytree(DASHBOARD, tmp_path / "dashboard", ignore=shutil.ignore_patterns("vendor"))
    with ViewerModel([meta("page_views")], root=root) as model:
        publish_views(model, 7)
        page.goto(model.link)
        expect(page.locator(".number")).to_have_text("7")
        expect(page.locator(".plot")).to_have_text("Charts are not installed")
        expect(page.locator('[data-code="charts"]')).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_trend_is_drawn_in_the_colours_of_the_scheme(model: ViewerModel, page: Page, scheme: str) -> None:
    """The canvas holds the line's colour, also after the scheme changed under it."""
    start = this_minute()
    model.publish("page_views", [row(start - i * 60_000, 5 + i % 3, kind="final") for i in range(1, 30)])
    page.goto(model.link)
    expect(page.locator(".plot canvas")).to_have_count(1)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.wait_for_function(
        """() => {
          const canvas = document.querySelector(".plot canvas");
          const hex = getComputedStyle(document.documentElement).getPropertyValue("--line-0").trim().slice(1);
          const wanted = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          for (let i = 0; i < data.length; i += 4) {
            if (data[i + 3] === 255 && wanted.every((part, k) => Math.abs(part - data[i + k]) < 3)) return true;
          }
          return false;
        }"""
    )


def test_numbers_do_not_move_the_page(page: Page) -> None:
    """From one digit to seven, from no breakdown to a full one, from 9.9 s to 10: only the number's unit shifts."""
    kpis = [
        meta("a", title="A", unit="clicks"),
        meta("b", by=["c"], value="uniq(x)"),
        meta("t", value="top(x, 10)"),
        meta("z"),
    ]
    start = now_ms() - 10_500
    with ViewerModel(kpis) as model:
        for entry in kpis:
            dims = {"c": "x"} if entry["by"] else {}
            model.publish(entry["name"], [row(start, 1, dims=dims)], watermark=start)
        page.goto(model.link)
        expect(page.locator(".number[value]:not([value=''])")).to_have_count(4)
        page.evaluate(
            "window.shifts = [];"
            "const names = (entry) => entry.sources.map(({ node }) => node?.className ?? String(node?.nodeName));"
            "const note = (list) => shifts.push(...list.getEntries().flatMap(names));"
            "new PerformanceObserver(note).observe({ type: 'layout-shift' })"
        )
        for size in range(1, 8):
            model.publish("a", [row(start, 10**size - 1, kind="correction", rev=size)], watermark=start)
            model.publish("b", [row(start, 10**size, dims={"c": f"group {i}"}, error=0.016) for i in range(2 * size)])
            model.publish("t", [row(start, {"items": [[f"/{i}" * size, 10**size - i] for i in range(2 * size)]})])
        expect(page.locator('[data-kpi="a"] .number')).to_have_text("9,999,999")
        expect(page.locator('[data-kpi="b"] tfoot')).not_to_have_text("")
        expect(page.locator('[data-kpi="z"] .fresh')).to_have_text(re.compile(r"^\d\d s$"))
        page.wait_for_function("shifts.length > 0")
        assert set(page.evaluate("shifts")) == {"unit"}


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 3840])
def test_the_page_fits_every_width(model: ViewerModel, page: Page, width: int) -> None:
    """From phone to wall nothing has to be scrolled sideways, and no tile cuts off its own foot."""
    start = this_minute()
    long = "A title that is much too long for its tile"
    for entry in (meta("g", title=long, by=["c"]), meta("i", title=long, value="top(x, 10)"), meta("n", title=long)):
        model.topics[entry["name"]] = Topic(entry)
        rows = [row(start, 9_999_999, dims={"c": f"{i}" * 90}) for i in range(12)]
        model.publish(entry["name"], rows, watermark=start)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(model.link)
    expect(page.locator(".tile")).to_have_count(4)
    expect(page.locator('[data-kpi="i"] .number[value="9999999"]')).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = page.evaluate(
        "[...document.querySelectorAll('.tile')].filter((t) => t.scrollHeight > t.clientHeight + 1 "
        "|| t.scrollWidth > t.clientWidth + 1).map((t) => t.dataset.kpi)"
    )
    assert cut == []
