"""The page of the gateway's health in a real browser, against the protocol model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.payloads import PAYLOADS
from tests.browser.viewer_model import KEY, ViewerModel, meta

STATUS: dict[str, Any] = {
    "server_epoch": "e1", "now": 10_000, "level": 2,
    "ledger": {"sent": 1_000, "accepted": 980, "duplicate": 15, "rejected": 5, "warned": 2},
    "reasons": {"uuid": 15, "late": 4, "bad_json": 1},
    "stages": {"total": {"n": 9, "p50": 42.0, "p95": 120.0, "p99": 150.0, "max": 1_300.0}},
    "credit": {"pool": 100, "outstanding": 95},
    "memory": {"rss": 1 << 20, "cap": 4 << 20, "kpis": 1, "budget": 2,
               "by_kpi": {"page_views": {"own": 2_048, "shared": 0, "max_keys": 10}}},
    "producer_groups": {"held": {"connections": 3, "backlog": 40, "credit": 0}},
    "viewer_groups": {"live": 2}, "lag": {"pending_bytes": 0, "watermark_ms": 4_200},
    "log": {"position": 76, "bytes": 2_048, "damaged": [], "unreadable": 0}, "engine": {"keys": {"page_views": 8}},
}  # fmt: skip


def quarantine(*samples: dict[str, Any]) -> dict[str, Any]:
    return {"counts": {"bad_json": 1}, "hints": {"uuid": "Look at ids.", "late": "Send sooner."}, "texts": True,
            "samples": list(samples)}  # fmt: skip


def sample(identity: int, **fields: Any) -> dict[str, Any]:
    return {"id": identity, "reason": "bad_json", "hint": "Mend it.", "received": 1_795_334_400_000, "producer": "p",
            "size": 30, "text": '{"event":NaN}', "cut": False, **fields}  # fmt: skip


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server that says how it stands."""
    with ViewerModel([meta("page_views")]) as running:
        running.answers = {"/v1/status": STATUS, "/v1/quarantine": quarantine(sample(1))}
        yield running


def cell(page: Page, table: str, row: str, column: int) -> Any:
    """A figure of a table, by the beginning of its row."""
    rows = page.locator(f"[data-part={table}] tr").filter(has=page.locator("th", has_text=row))
    return rows.locator("td").nth(column)


def test_it_shows_how_the_gateway_stands(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """Ledger, latency, producers and their level, reasons with hints, viewers, memory against its bounds, disk."""
    page.goto(f"{model.url}/#/health&key={KEY}")
    expect(cell(page, "ledger", "accepted", 0)).to_have_text("980")
    expect(page.locator("[data-part=balance]")).to_have_text("sent = accepted + duplicate + rejected")
    expect(cell(page, "stages", "total", 3)).to_have_text("1.30 s")
    expect(page.locator("[data-part=level]")).to_have_text("2 shed")
    expect(page.locator("[data-part=level]")).to_have_attribute("data-tone", "late")
    expect(cell(page, "producers", "held", 1)).to_have_text("40")
    expect(cell(page, "reasons", "uuid", 2)).to_have_text("Look at ids.")
    expect(cell(page, "viewers", "live", 0)).to_have_text("2")
    expect(page.get_by_role("meter", name="Process")).to_have_attribute("aria-valuenow", "25")
    expect(page.get_by_role("meter", name="Credit out")).to_have_attribute("data-tone", "bad")
    expect(cell(page, "kpis", "page_views", 2)).to_have_text("8 of 10")
    expect(cell(page, "log", "Watermark", 0)).to_have_text("4.2 s behind")
    assert troubles == []


def test_a_full_disk_and_pages_turned_away_are_told(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """On top and in words, with what there is; a page's origin is text. Both go when they are over."""
    full = {"free": 3 << 20, "total": 1 << 30, "keep": 4 << 20, "full": True}
    origins = ["https://shop.example", *PAYLOADS]
    foreign = [{"origin": text, "times": 1_200, "at": 1_795_334_400_000} for text in origins]
    trouble = STATUS | {"disk": full, "foreign_origins": foreign}
    model.answers["/v1/status"] = trouble
    page.goto(f"{model.url}/#/health&key={KEY}")
    expect(page.locator("[data-part=full]")).to_contain_text("disk of the data folder is full: 3 MiB are free")
    expect(page.locator("[data-part=full]")).to_be_visible()
    expect(page.locator("[data-part=full]")).to_have_css("position", "static")
    expect(cell(page, "log", "Free on the disk", 0)).to_have_attribute("data-tone", "bad")
    table = page.get_by_role("table").filter(has=page.locator("[data-part=foreign]"))
    expect(table).to_contain_text("https://shop.example")
    expect(table.locator("tbody th")).to_have_text(origins)
    expect(cell(page, "foreign", "shop.example", 0)).to_have_text("1,200")
    model.answers["/v1/status"] = STATUS | {"disk": full | {"free": 1 << 29, "full": False}, "foreign_origins": []}
    expect(page.locator("[data-part=full]")).to_have_text("")
    expect(cell(page, "log", "Free on the disk", 0)).to_have_text("512 MiB of 1 GiB")
    expect(table).to_be_hidden()
    assert troubles == []


def test_it_follows(model: ViewerModel, page: Page) -> None:
    """Every two seconds; what is not in balance is told, and rates come with the second answer."""
    page.goto(f"{model.url}/#/health&key={KEY}")
    expect(cell(page, "ledger", "sent", 0)).to_have_text("1,000")
    answers = count(1)

    def later() -> dict[str, Any]:
        """One that goes on with each answer: what is shown between two of them is there for two seconds only."""
        number = next(answers)
        ledger = STATUS["ledger"] | {"sent": 1_000 + 21 * number, "accepted": 1_000}
        return STATUS | {"now": 10_000 + 2_000 * number, "ledger": ledger, "reasons": {}}

    model.answers["/v1/status"] = later
    expect(cell(page, "ledger", "sent", 0)).not_to_have_text("1,000")
    expect(cell(page, "ledger", "sent", 1)).to_have_text("11/s")
    expect(page.locator("[data-part=balance]")).to_have_text("The account does not add up!")
    expect(page.locator("[data-part=no-reasons]")).to_be_visible()


def test_a_file_that_does_not_run_is_told_until_it_does(model: ViewerModel, page: Page) -> None:
    """Which file, where in it, why; with the next good file the card is gone."""
    refusal = {"at": 9_000, "file": "kpis.toml", "slug": "definition", "name": "a", "line": 4, "column": 21,
               "reason": "line 4, column 21: KPI 'a': there is no function <b>median(..)</b>"}  # fmt: skip
    model.answers["/v1/status"] = STATUS | {"refused": {"kpis": refusal}}
    page.goto(f"{model.url}/#/health&key={KEY}")
    card = page.get_by_role("alert", name="Changed, but not running")
    expect(card).to_contain_text("KPIs · kpis.toml · line 4, column 21")
    expect(card).to_contain_text("there is no function <b>median(..)</b>")
    model.answers["/v1/status"] = STATUS | {"refused": {}}
    expect(card).to_be_hidden()


def test_samples_open_and_stay_open(model: ViewerModel, page: Page) -> None:
    """With the text as it came and what to do; newer ones come above without closing it."""
    page.goto(f"{model.url}/#/health&key={KEY}")
    lines = page.locator("[data-part=samples] li")
    lines.first.locator("summary").click()
    expect(lines.first.locator("pre")).to_have_text('{"event":NaN}')
    expect(lines.first).to_contain_text("Mend it.")
    model.answers["/v1/quarantine"] = quarantine(sample(2, text=None), sample(1))
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("withheld")
    expect(lines.nth(1).locator("details")).to_have_attribute("open", "")
    page.get_by_role("link", name="Watch rejected events").click()
    expect(page.locator("#live-page [name=verdict]")).to_have_value("drop")


def test_an_answer_that_does_not_come_is_told(model: ViewerModel, page: Page) -> None:
    """What is there is old then, and says so; the next good answer ends that. Where nothing is there nothing is old."""
    page.goto(f"{model.url}/#/health&key={KEY}")
    expect(cell(page, "ledger", "sent", 0)).to_have_text("1,000")
    model.answers["/v1/status"] = 503
    expect(page.locator("[data-part=trouble]")).to_contain_text("What stands here is old")
    model.answers["/v1/status"] = STATUS
    expect(page.locator("[data-part=trouble]")).to_have_text("")
    model.answers["/v1/status"] = 503
    page.reload()
    expect(page.locator("[data-part=trouble]")).to_contain_text("The state cannot be read")
    expect(page.locator("[data-part=trouble]")).not_to_contain_text("old")


def test_nothing_of_a_former_key_stays(model: ViewerModel, page: Page) -> None:
    """With the key, its figures and samples are gone."""
    page.goto(f"{model.url}/#/health&key={KEY}")
    expect(page.locator("[data-part=samples] li")).to_have_count(1)
    page.get_by_role("button", name="Change key").click()
    expect(page.locator("[data-part=samples] li")).to_have_count(0)
    expect(page.locator("#health-page tbody tr")).to_have_count(0)


def test_hostile_answers_stay_text(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """Reasons, hints, producers, KPI names and texts come from senders and files."""
    fired: list[str] = []
    page.expose_function("fire", lambda: fired.append("fired"))
    hostile = quarantine(*(sample(n, reason=t, hint=t, producer=t, text=t) for n, t in enumerate(PAYLOADS)))
    by_kpi = {text: {"own": 1, "shared": 1, "max_keys": 1} for text in PAYLOADS}
    model.answers = {
        "/v1/status": STATUS | {"reasons": dict.fromkeys(PAYLOADS, 1), "memory": STATUS["memory"] | {"by_kpi": by_kpi}},
        "/v1/quarantine": hostile | {"hints": {text: text for text in PAYLOADS}},
    }
    page.goto(f"{model.url}/#/health&key={KEY}")
    expect(page.locator("[data-part=samples] li")).to_have_count(len(PAYLOADS))
    page.evaluate("document.querySelectorAll('#health-page details').forEach((d) => { d.open = true; })")
    expect(page.locator("[data-part=reasons] tr")).to_have_count(len(PAYLOADS))
    foreign = "script, iframe, svg, img, style, a:not([href^='#/'])"
    assert page.locator("#health-page").locator(foreign).count() == 0
    assert (fired, troubles, model.reports) == ([], [], [])


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 3840])
def test_the_page_fits_every_width(model: ViewerModel, page: Page, width: int) -> None:
    """The page itself is never scrolled sideways."""
    long = sample(1, reason="r" * 190, hint="h" * 300, producer="p" * 190, text="t" * 2_000)
    model.answers["/v1/quarantine"] = quarantine(long)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{model.url}/#/health&key={KEY}")
    page.locator("[data-part=samples] summary").first.click()
    expect(page.locator("[data-part=samples] pre")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_rejected_events_are_exported_as_a_file(model: ViewerModel, page: Page, troubles: list[str]) -> None:
    """Of one reason or of all, page after page; what the server says against it is told."""
    model.lines = [b'{"id":1}\n{"id":2}\n', b'{"id":3}\n']
    page.goto(f"{model.url}/#/health&key={KEY}")
    page.get_by_label("Which rejected events").select_option("bad_json")
    with page.expect_download() as begun:
        page.get_by_role("button", name="Export as NDJSON").click()
    assert begun.value.suggested_filename.startswith("rejected-bad_json-")
    assert begun.value.path().read_bytes() == b"".join(model.lines)
    expect(page.get_by_role("status").filter(has_text="3 events in the file")).to_be_visible()
    assert model.exported == [{"after": "0", "reason": "bad_json"}, {"after": "1", "reason": "bad_json"}]
    assert troubles == []
    model.lines = []
    page.get_by_role("button", name="Export as NDJSON").click()
    expect(page.get_by_role("status").filter(has_text="Not exported: texts_off")).to_be_visible()


def test_where_texts_are_not_shown_nothing_is_exported(model: ViewerModel, page: Page) -> None:
    """The button is off, and the page says who can."""
    model.answers["/v1/quarantine"] = quarantine(sample(1, text=None)) | {"texts": False}
    page.goto(f"{model.url}/#/health&key={KEY}")
    expect(page.get_by_role("button", name="Export as NDJSON")).to_be_disabled()
    expect(page.get_by_role("status").filter(has_text="only the command exports them")).to_be_visible()
