"""From a fresh start to the first event on the screen, in a real browser against a real gateway."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.gateway_process import VIEW_KEY, WRITE_KEY, GatewayProcess

STEPS = ["connected", "accepted", "disk", "counted", "shown"]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    """A gateway with the built-in KPIs."""
    with GatewayProcess(tmp_path / "data", drain_ms=50) as running:
        yield running


def states(page: Page) -> list[str | None]:
    """Of each step how it stands."""
    return [item.get_attribute("data-state") for item in page.locator(".steps li").all()]


def send(page: Page, key: str) -> None:
    """Paste a key and ask for a test event."""
    page.get_by_label("Write key").fill(key)
    page.get_by_role("button", name="Send a test event").click()


def test_an_empty_board_leads_to_the_first_event(gateway: GatewayProcess, page: Page, troubles: list[str]) -> None:
    """Each step is ticked, the event is really there, and the board is no longer empty."""
    page.goto(f"{gateway.url}/#key={VIEW_KEY}")
    page.get_by_role("link", name="Send your first event").click()
    send(page, WRITE_KEY)
    expect(page.locator("#start-page")).to_have_attribute("data-outcome", "done")
    assert states(page) == ["done"] * len(STEPS)
    expect(page.locator(".steps li").nth(3)).to_contain_text(re.compile(r"in .*events_per_second.*after \d+ ms"))
    assert gateway.status()["ledger"] == {"sent": 1, "accepted": 1, "duplicate": 0, "rejected": 0, "warned": 0}
    page.get_by_role("link", name="Look at it among the live events").click()
    expect(page.locator("#live-page .events li").first).to_contain_text("test_event")
    page.locator("#pages").get_by_role("link").first.click()
    expect(page.locator("#empty")).to_be_hidden()
    assert troubles == []


def test_a_second_test_is_a_second_event(gateway: GatewayProcess, page: Page) -> None:
    """The SDK is left as it was found: it can be asked again, and nothing of it stays in the browser."""
    page.goto(f"{gateway.url}/#/start&key={VIEW_KEY}")
    for count in (1, 2):
        send(page, WRITE_KEY)
        expect(page.locator("#start-page")).to_have_attribute("data-outcome", "done")
        expect(page.get_by_role("button", name="Send a test event")).to_be_enabled()
        assert gateway.status()["ledger"]["accepted"] == count
        page.evaluate("document.querySelector('#start-page').removeAttribute('data-outcome')")
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.includes('tidegate-start'))") == []


@pytest.mark.parametrize(("key", "words"), [("w_wrong", "does not accept this write key"), (VIEW_KEY, "may not send")])
def test_a_key_that_may_not_send_is_told(gateway: GatewayProcess, page: Page, key: str, words: str) -> None:
    """At the first step, and the next try is free."""
    page.goto(f"{gateway.url}/#/start&key={VIEW_KEY}")
    send(page, "  ")
    expect(page.locator("#start-page [role=alert]")).to_have_text("Paste a write key first.")
    send(page, key)
    expect(page.locator(".steps li").first).to_contain_text(words)
    assert states(page)[0] == "failed"
    send(page, WRITE_KEY)
    expect(page.locator("#start-page")).to_have_attribute("data-outcome", "done")


def test_without_live_events_it_is_followed_to_the_disk(tmp_path: Path, page: Page) -> None:
    """What nobody may see is said to be so, and is no failure."""
    with GatewayProcess(tmp_path / "quiet", drain_ms=50, live_events="off") as gateway:
        page.goto(f"{gateway.url}/#/start&key={VIEW_KEY}")
        send(page, WRITE_KEY)
        expect(page.locator("#start-page")).to_have_attribute("data-outcome", "done")
        assert states(page) == ["done", "done", "done", "skipped", "skipped"]


def test_the_snippet_has_the_key_that_was_pasted(gateway: GatewayProcess, page: Page) -> None:
    """And none before: the server gives no write key to who may only look."""
    page.goto(f"{gateway.url}/#/start&key={VIEW_KEY}")
    expect(page.locator("[data-part=snippet]")).to_contain_text("YOUR_WRITE_KEY")
    assert WRITE_KEY not in page.content()
    page.get_by_label("Write key").fill(WRITE_KEY)
    expect(page.locator("[data-part=snippet]")).to_contain_text(f'init("{WRITE_KEY}")')
    page.locator("[name=kind]").select_option("curl")
    expect(page.locator("[data-part=snippet]")).to_contain_text(f"curl '{gateway.url}/v1/events'")
    page.get_by_role("button", name="Change key").click()
    assert WRITE_KEY not in page.evaluate("JSON.stringify(sessionStorage) + document.documentElement.outerHTML")


def test_the_link_of_a_first_start_needs_no_pasting(tmp_path: Path, page: Page) -> None:
    """Printed once, where both keys are: it opens the page with both, and both leave the visible address."""
    command = [sys.executable, "-m", "gateway", "serve", "--port=0", f"--data={tmp_path / 'data'}", "--drain-ms=10"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        link = lines[4].split()[-1]
        assert lines[4].startswith("first event ")
        page.goto(link)
        expect(page.locator("#start-page")).to_be_visible()
        expect(page).to_have_url(re.compile("/#/start$"))
        page.get_by_role("button", name="Send a test event").click()
        expect(page.locator("#start-page")).to_have_attribute("data-outcome", "done")
    finally:
        process.kill()
        process.communicate()


def test_a_dashboard_that_may_not_connect_says_what_to_mend(page: Page, tmp_path: Path) -> None:
    """Its address is not in allowed_origins: no tile claims that there are no events, and the health page names it."""
    with GatewayProcess(tmp_path / "data", allowed_origins="https://shop.example", drain_ms=100) as gateway:
        page.goto(f"{gateway.url}/#key={VIEW_KEY}")
        hint = page.locator('.notice[data-code="hint"]')
        expect(hint).to_contain_text(f"{gateway.url} is missing in the setting allowed_origins")
        expect(page.locator(".tile .caption").first).to_have_text("Waiting for the server")
        page.get_by_role("link", name="Health").click()
        expect(page.locator("[data-part=foreign] th")).to_have_text(gateway.url)
