"""Live events and health against a real gateway: what an integrator sees while events come, and what it survives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from client_sdk.python import Client
from tests.e2e.gateway_process import VIEW_KEY, WRITE_KEY, GatewayProcess
from tests.e2e.kpifile import write_kpis

XSS = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    """A gateway with two KPIs, one of which takes orders only."""
    kpis = write_kpis(
        tmp_path / "kpis.toml",
        {"everything": {"value": "count(*)"}, "orders": {"value": "count(*)", "where": "event = 'order'"}},
    )
    with GatewayProcess(tmp_path / "data", kpis=kpis, drain_ms=200, live_redact="email") as running:
        yield running


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[Client]:
    """A producer that is connected to the gateway."""
    with Client(gateway.url, WRITE_KEY) as connected:
        yield connected


def lines(page: Page) -> Locator:
    """The lines of the list."""
    return page.locator("#live-page .events > li")


def open_live(page: Page, gateway: GatewayProcess, query: str = "") -> None:
    """Open the page of live events, and wait until it watches."""
    page.goto(f"{gateway.url}/#/live{query}&key={VIEW_KEY}")
    expect(page.locator("[data-part=sample]")).to_have_text("0 events, all shown")


def test_an_event_is_seen_with_what_was_made_of_it(
    gateway: GatewayProcess, client: Client, page: Page, troubles: list[str]
) -> None:
    """The KPIs it counts in, its properties, and not what is redacted; hostile ones stay text."""
    open_live(page, gateway)
    client.capture("order", {"plan": XSS, "email": "a@example.org"}, distinct_id="u1")
    client.capture("view", {"plan": "pro"}, distinct_id=XSS)
    client.flush(60)
    expect(lines(page)).to_have_count(2)
    order = lines(page).filter(has_text="order")
    expect(order.locator(".fed")).to_have_text("2 KPIs")
    order.locator("summary").click()
    expect(order.locator(".kpis a")).to_have_text(["everything", "orders"])
    expect(order.locator("dd", has_text=XSS)).to_be_visible()
    expect(order.locator("dd", has_text="[redacted]")).to_be_visible()
    assert "a@example.org" not in page.content()
    expect(page.locator("#live-page img")).to_have_count(0)
    assert troubles == []


def test_narrowed_to_one_person_in_a_crowd(gateway: GatewayProcess, client: Client, page: Page) -> None:
    """One event of a thousand is found by its person, and the page says of how many."""
    open_live(page, gateway, "?distinct_id=needle")
    for number in range(1_000):
        client.capture("order", {"n": number}, distinct_id="needle" if number == 617 else f"u{number}")
    client.flush(60)
    expect(lines(page)).to_have_count(1)
    lines(page).first.locator("summary").click()
    expect(lines(page).first.locator("dd", has_text="617").first).to_be_visible()
    expect(page.locator("[data-part=sample]")).to_have_text("1 of 1,000 events match, all shown")


def test_more_than_the_rate_is_sampled_and_said(gateway: GatewayProcess, client: Client, page: Page) -> None:
    """Of a burst some are shown, and every one is accounted for."""
    open_live(page, gateway, "?rate=10")
    for number in range(600):
        client.capture("order", {"n": number})
    client.flush(60)
    expect(page.locator("[data-part=sample]")).to_contain_text("of 600 events were looked at")
    expect(page.locator("[data-part=sample]")).to_have_attribute("data-tone", "late")
    assert 10 <= lines(page).count() < 200


def test_a_gateway_that_died_is_a_hole(gateway: GatewayProcess, page: Page, tmp_path: Path) -> None:
    """What was shown stays, the hole is told, and events go on."""
    open_live(page, gateway)
    with Client(gateway.url, WRITE_KEY, spool=tmp_path / "spool") as client:
        client.capture("first")
        client.flush(60)
        expect(lines(page)).to_have_count(1)
        gateway.kill()
        expect(page.locator("[data-part=phase]")).to_have_text("Disconnected")
        gateway.start()
        expect(page.locator("[data-part=phase]")).to_have_text("Live")
        expect(page.locator("#live-page .hole")).to_have_count(1)
        client.capture("second")
        client.flush(60)
    expect(lines(page).first).to_contain_text("second")
    expect(lines(page).last).to_contain_text("first")


def test_rejected_events_are_in_the_health_page(
    gateway: GatewayProcess, client: Client, page: Page, troubles: list[str]
) -> None:
    """Counted by reason with what to do, with their text and without what is redacted; the way back to live ones."""
    client.capture("order")
    client.flush(60)
    bad = {"event": "", "properties": {"email": "a@example.org", "x": XSS}}
    gateway.post(json.dumps({"token": WRITE_KEY, "events": [bad, {"event": "order", "properties": 7}]}).encode())
    page.goto(f"{gateway.url}/#/health&key={VIEW_KEY}")
    expect(page.locator("[data-part=reasons] tr")).to_have_count(2)
    expect(page.locator("[data-part=reasons]")).to_contain_text("must be an object")
    sample = page.locator("[data-part=samples] li").filter(has_text="event_name")
    sample.locator("summary").click()
    expect(sample.locator("pre")).to_contain_text("[redacted]")
    expect(sample.locator("pre")).to_contain_text("<img src=x")
    expect(page.locator("[data-part=balance]")).to_have_attribute("data-tone", "good")
    expect(page.locator("[data-part=ledger] tr").first.locator("td").first).to_have_text("3")
    assert "a@example.org" not in page.content()
    assert troubles == []
