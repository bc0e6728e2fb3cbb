"""The dashboard in a real browser against the protocol model: what the tiles show, and what the page says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.dashboard.views import this_minute
from tests.browser.viewer_model import Message, ViewerModel, meta, now_ms, row

MINUTE = 60_000

KPIS = [
    meta("page_views", title="Page views", good="up", freshness="1m"),
    meta("active_users", title="Active users", value="uniq(distinct_id)", window="sliding 5m every 5s"),
    meta("by_country", title="Views by country", by=["$country"]),
    meta("conversion", title="Conversion", value="uniq(a) / uniq(b)", by=["$device_type"], unit="ratio"),
    meta("top_pages", title="Top pages", value='top("$pathname", 10)'),
]


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with one KPI of each shape and no events."""
    with ViewerModel(KPIS) as running:
        yield running


def tile(page: Page, name: str) -> Locator:
    """The tile of a KPI."""
    return page.locator(f'[data-kpi="{name}"]')


def number(page: Page, name: str) -> Locator:
    """The big number of a KPI."""
    return tile(page, name).locator(".number")


def of_type(kind: str, **fields: Any) -> Callable[[Message], bool]:
    """A test for messages of a type with these fields."""
    return lambda message: message["type"] == kind and all(message.get(k) == v for k, v in fields.items())


def open_board(page: Page, model: ViewerModel) -> None:
    """Open the dashboard and wait until it watches every KPI."""
    page.goto(model.link)
    expect(page.locator("[data-part=phase]")).to_have_text("Live")
    model.wait(of_type("subscribe"), times=len(model.topics))


def test_a_tile_shows_the_exact_number(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """The number of a snapshot stands on its tile, every digit of it, with its kind and its window."""
    start = this_minute()
    model.publish("page_views", [row(start, 1284)], watermark=start + 5_000)
    open_board(page, model)
    expect(number(page, "page_views")).to_have_text("1,284")
    expect(number(page, "page_views")).to_have_attribute("value", "1284")
    expect(tile(page, "page_views").locator(".kind")).to_have_text("partial")
    expect(tile(page, "page_views").locator("h2")).to_have_text("Page views")
    expect(tile(page, "active_users")).to_contain_text("No events yet")
    assert troubles == []


def test_the_page_subscribes_as_the_protocol_says(model: ViewerModel, page: Page) -> None:
    """Hello carries the key and a viewer id; subscriptions carry history by window and at most 4 Hz."""
    open_board(page, model)
    (hello,) = model.wait(of_type("hello"))
    assert (hello["v"], hello["role"], hello["token"]) == (1, "viewer", "vk_test")
    assert len(hello["viewer"]["id"]) == 32
    wanted = {m["kpi"]: (m["last"], m["max_hz"], "from" in m) for m in model.wait(of_type("subscribe"))}
    assert wanted["page_views"] == (3_600, 4, False)
    assert wanted["active_users"] == (900, 4, False)


def test_a_delta_changes_the_number(model: ViewerModel, page: Page) -> None:
    """Deltas upsert rows; corrections are named as such, and deletions take rows away."""
    start = this_minute()
    open_board(page, model)
    model.publish("page_views", [row(start, 1)], watermark=start)
    expect(number(page, "page_views")).to_have_text("1")
    for count in range(2, 30):
        model.publish("page_views", [row(start, count)])
    expect(number(page, "page_views")).to_have_text("29")
    model.publish("page_views", [row(start, 30, kind="correction", rev=2)])
    expect(tile(page, "page_views").locator(".kind")).to_have_text("corrected \N{MULTIPLICATION SIGN}2")
    model.publish("page_views", [], gone=[[{}, start]])
    expect(number(page, "page_views")).to_have_text("\N{EN DASH}")
    assert not [m for m in model.received if m["type"] == "resync"]


def test_a_hole_is_answered_with_a_resync(model: ViewerModel, page: Page) -> None:
    """After a lost delta the page asks once for a snapshot and ends with the right number."""
    start = this_minute()
    open_board(page, model)
    model.publish("page_views", [row(start - MINUTE, 10, kind="final"), row(start, 1)], watermark=start)
    expect(number(page, "page_views")).to_have_text("1")
    model.lose("page_views", [row(start, 2)])
    model.publish("page_views", [row(start - MINUTE, 11, kind="correction", rev=1)])
    (asked,) = model.wait(of_type("resync"))
    (subscribed,) = model.wait(of_type("subscribe", kpi="page_views"))
    assert asked["id"] == subscribed["id"]
    expect(number(page, "page_views")).to_have_text("2")


def test_a_reconnect_resumes_from_the_offset(model: ViewerModel, page: Page) -> None:
    """After a loss the page subscribes from where it stood and gets what it missed."""
    start = this_minute()
    open_board(page, model)
    model.publish("page_views", [row(start, 5)], watermark=start)
    expect(number(page, "page_views")).to_have_text("5")
    model.forget()
    model.up = False
    model.drop(1012)
    expect(page.locator("[data-part=phase]")).to_have_text("Disconnected")
    expect(page.locator("[data-part=detail]")).to_contain_text("restarting")
    expect(number(page, "page_views")).to_have_text("5")
    model.publish("page_views", [row(start, 6)])
    model.up = True
    (again,) = model.wait(of_type("subscribe", kpi="page_views"))
    assert again["from"] == {"epoch": "e1", "offset": 1}
    expect(number(page, "page_views")).to_have_text("6")
    expect(page.locator("[data-part=phase]")).to_have_text("Live")


def test_a_new_epoch_replaces_the_rows(model: ViewerModel, page: Page) -> None:
    """A server that lost its topics starts over: nothing of the former epoch stays on the tile."""
    start = this_minute()
    model.publish("page_views", [row(start - MINUTE, 90, kind="final"), row(start, 40)], watermark=start)
    open_board(page, model)
    expect(tile(page, "page_views").locator(".number")).to_have_text("40")
    model.epoch = "e2"
    model.topics["page_views"].rows.clear()
    model.publish("page_views", [row(start, 3)], watermark=start)
    model.drop(4200)
    expect(number(page, "page_views")).to_have_text("3")


def test_a_breakdown_lists_the_highest_and_keeps_the_rest(model: ViewerModel, page: Page) -> None:
    """A KPI by country shows its total, its highest lines, nulls by name and the overflow row with its keys."""
    start = this_minute()
    countries = {"DE": 50, "FR": 40, "US": 60, None: 30, "IT": 20, "ES": 10, "NL": 9, "PL": 8}
    rows = [row(start, count, dims={"$country": country}) for country, count in countries.items()]
    rows.append(row(start, 100, dims={"$country": "__other__"}, keys=37))
    model.publish("by_country", rows, watermark=start)
    open_board(page, model)
    expect(number(page, "by_country")).to_have_text("327")
    lines = tile(page, "by_country").locator("tbody tr:not([data-empty])")
    expect(lines).to_have_text(["US60", "DE50", "FR40", "(none)30", "Other (37 keys)100"])
    expect(tile(page, "by_country").locator("tfoot")).to_have_text("and 4 more")


def test_what_cannot_be_summed_names_its_highest_group(model: ViewerModel, page: Page) -> None:
    """A ratio by device shows the highest group, its name, and a coloured line for each."""
    start = this_minute()
    rows = [row(start, value, dims={"$device_type": name}) for name, value in (("Desktop", 0.0521), ("Mobile", 0.021))]
    model.publish("conversion", rows, watermark=start)
    open_board(page, model)
    expect(number(page, "conversion")).to_have_text("5.21")
    expect(tile(page, "conversion").locator(".unit")).to_have_text("%")
    expect(tile(page, "conversion").locator(".caption")).to_have_text("Desktop, highest of 2")
    expect(tile(page, "conversion").locator(".swatch[data-slot]")).to_have_count(2)


def test_items_are_listed(model: ViewerModel, page: Page) -> None:
    """A top-k value becomes a table, its first item the number."""
    start = this_minute()
    model.publish("top_pages", [row(start, {"items": [["/", 9], ["/cart", 4]]})], watermark=start)
    open_board(page, model)
    expect(tile(page, "top_pages").locator("tbody tr:not([data-empty])")).to_have_text(["/9", "/cart4"])
    expect(number(page, "top_pages")).to_have_text("9")


def test_a_stated_error_is_shown(model: ViewerModel, page: Page) -> None:
    """An approximate value says by how much it may be off."""
    now = now_ms()
    start = now // 5_000 * 5_000 + 5_000 - 300_000
    model.publish("active_users", [row(start, 1830, size=300_000, error=0.016)], watermark=now - 2_000)
    open_board(page, model)
    expect(tile(page, "active_users").locator(".bound")).to_have_text("± 1.6%")


def test_the_change_compares_complete_windows(model: ViewerModel, page: Page) -> None:
    """While a window fills, the change is that of the last complete one, coloured by what is good."""
    start = this_minute()
    rows = [row(start - 2 * MINUTE, 100, kind="final"), row(start - MINUTE, 112, kind="final"), row(start, 3)]
    model.publish("page_views", rows, watermark=start)
    open_board(page, model)
    change = tile(page, "page_views").locator(".change")
    expect(change).to_have_text("▲ 12.0%")
    expect(change).to_have_attribute("data-tone", "good")
    expect(tile(page, "page_views").locator(".against")).to_have_text("last full 1m")


def test_freshness_grows_while_nothing_comes(model: ViewerModel, page: Page) -> None:
    """Freshness is the age of the newest event: the watermark and its delay against the server's clock."""
    model.publish("page_views", [row(this_minute(), 1)], watermark=now_ms() - 20 * MINUTE)
    open_board(page, model)
    fresh = tile(page, "page_views").locator(".fresh")
    expect(fresh).to_have_text("20 min")
    expect(fresh).to_have_attribute("data-tone", "stale")
    model.publish("page_views", [row(this_minute(), 2)], watermark=now_ms() - 22_000)
    expect(fresh).to_have_text(re.compile(r"^\d+ s$"))
    expect(fresh).to_have_attribute("data-tone", "fresh")
    before = int(fresh.inner_text().removesuffix(" s"))
    assert before >= 20
    page.wait_for_function("(then) => parseInt(document.querySelector('.fresh').textContent) > then", arg=before)
    expect(tile(page, "page_views").locator(".behind")).to_have_text(re.compile(r"^watermark \d+ s$"))


def test_a_wrong_local_clock_does_not_matter(model: ViewerModel, page: Page) -> None:
    """A machine whose clock is a day off shows the same freshness: only the server's clock counts."""
    page.add_init_script("const now = Date.now; Date.now = () => now() + 86_400_000")
    now = now_ms()
    model.publish("page_views", [row(now // MINUTE * MINUTE, 1)], watermark=now - 2_000)
    open_board(page, model)
    expect(number(page, "page_views")).to_have_text("1")
    now = now_ms()
    model.publish("page_views", [row(now // MINUTE * MINUTE, 2)], watermark=now - 2_000)
    expect(number(page, "page_views")).to_have_text("2")
    expect(tile(page, "page_views").locator(".fresh")).to_have_attribute("data-tone", "fresh")


def test_the_server_says_that_it_slowed_us(model: ViewerModel, page: Page) -> None:
    """Conflation, eviction and drain are shown in words."""
    model.evicted = "slow"
    open_board(page, model)
    expect(page.locator('[data-code="evicted"]')).to_contain_text("could not keep up")
    model.say({"type": "notice", "code": "conflated"})
    expect(page.locator('[data-code="conflated"]')).to_contain_text("merges updates")
    expect(page.locator("[data-part=phase]")).to_have_text("Live, merged")
    model.say({"type": "drain", "in_ms": 3_000})
    expect(page.locator("[data-part=phase]")).to_have_text("Server restarting")
    page.locator('[data-code="conflated"] button').click()
    expect(page.locator('[data-code="conflated"]')).to_have_count(0)


def test_a_refused_kpi_says_so_on_its_tile(model: ViewerModel, page: Page) -> None:
    """An error for a subscription stands on its tile; the others go on."""
    topic = model.topics["page_views"]
    topic.meta = topic.meta | {"name": "gone"}
    start = this_minute()
    model.publish("by_country", [row(start, 4, dims={"$country": "DE"})], watermark=start)
    page.goto(model.link)
    expect(tile(page, "gone").locator(".caption")).to_have_text("Not available: unknown_kpi")
    expect(number(page, "by_country")).to_have_text("4")


def test_a_changed_list_changes_the_board(model: ViewerModel, page: Page) -> None:
    """After a reconnect the board follows the server's KPI list; tiles that stayed keep their rows."""
    model.publish("page_views", [row(this_minute(), 7)], watermark=this_minute())
    open_board(page, model)
    expect(number(page, "page_views")).to_have_text("7")
    del model.topics["top_pages"]
    model.drop(1011)
    expect(tile(page, "top_pages")).to_have_count(0)
    expect(page.locator(".tile")).to_have_count(4)
    expect(number(page, "page_views")).to_have_text("7")
