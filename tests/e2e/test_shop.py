"""The whole way, once, with no part faked: clicks in a browser, the disk, the KPIs, and a dashboard beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.chromium import DEADLINE_MS
from tests.browser.visit import watch
from tests.e2e.board import Board
from tests.e2e.figures import by_dim
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.kpifile import write_kpis
from tests.e2e.shopper import Shopper

KPIS: dict[str, dict[str, Any]] = {
    "events": {"value": "count(*)"},
    "page_views": {"value": "count(*)", "where": "event = '$pageview'"},
    "purchases": {"value": "count(*)", "where": "event = 'purchase'"},
    "revenue": {"value": "sum(value)", "where": "event = 'purchase'", "unit": "EUR"},
    "shoppers": {"value": "uniq(distinct_id)"},
    "by_event": {"value": "count(*)", "by": ["event"]},
    "by_path": {"value": "count(*)", "where": "event = '$pageview'", "by": ["$pathname"]},
}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    """`tidegate demo` without visitors, with KPIs whose windows end long after the test."""
    kpis = write_kpis(tmp_path / "kpis.toml", KPIS)
    # Snapshots every second, so that a restart has one to begin from.
    with GatewayProcess(tmp_path / "data", "demo", visitors=0, kpis=kpis, snapshot_s=1) as running:
        yield running


@pytest.fixture
def windows(browser: Browser) -> Iterator[tuple[Page, Page]]:
    """Two browser windows with nothing stored. Tabs of one window would not do: the hidden one runs at a crawl."""
    contexts = [browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900}) for _ in range(2)]
    for context in contexts:
        context.set_default_timeout(DEADLINE_MS)
    yield contexts[0].new_page(), contexts[1].new_page()
    for context in contexts:
        context.close()


def books(page: Page) -> dict[str, int]:
    """The SDK's ledger, which must balance whenever one looks."""
    ledger: dict[str, int] = page.evaluate("() => tidegate.ledger()")
    assert ledger["sent"] == sum(ledger.values()) - ledger["sent"], ledger
    return ledger


def shown(board: Board, shopper: Shopper) -> None:
    """Wait until the tiles show exactly what was clicked."""
    board.shows(
        purchases=shopper.clicked["purchase"],
        page_views=shopper.clicked["$pageview"],
        revenue=shopper.revenue,
        events=shopper.total,
        shoppers=1,
    )


def counted(gateway: GatewayProcess, shopper: Shopper) -> None:
    """The server's rows and its ledger say exactly what was clicked."""
    assert by_dim(gateway, "by_event", "event") == dict(shopper.clicked)
    assert by_dim(gateway, "by_path", "$pathname") == dict(shopper.views)
    assert by_dim(gateway, "revenue") == {None: shopper.revenue}
    assert by_dim(gateway, "events") == {None: shopper.total}
    ledger = gateway.status()["ledger"]
    assert ledger == {"sent": shopper.total, "accepted": shopper.total, "duplicate": 0, "rejected": 0, "warned": 0}


def test_clicks_become_exact_numbers_across_kill_9(
    gateway: GatewayProcess, windows: tuple[Page, Page], capsys: pytest.CaptureFixture[str]
) -> None:
    """Clicks before, at and after two kill -9 and two reloads: tiles, rows and both ledgers say the same, exactly."""
    page, dashboard = windows
    # A page that loses its server says so on the console; script errors and policy violations are another matter.
    troubles = [watch(page), watch(dashboard)]
    board = Board(dashboard, gateway.url)
    shopper = Shopper(page, f"{gateway.url}/demo/")

    board.open()
    board.is_live()
    shopper.enter()
    expect(page.get_by_test_id("state")).to_have_text("live")
    shopper.buy(1)
    shopper.buy(2, 5)
    shown(board, shopper)

    # The server dies with the last clicks under way; the shop sells on.
    shopper.take(6)
    gateway.kill()
    shopper.take_another(6)
    shopper.pay()
    shopper.buy(4)
    expect(page.get_by_test_id("state")).to_contain_text("reconnecting")
    assert books(page)["pending"] > 0
    board.is_cut_off()
    gateway.start()
    shown(board, shopper)
    board.is_live()

    # The page is reloaded in the very moment of a click.
    assert shopper.leave_in_a_hurry(3) > 0
    shopper.pay()
    shown(board, shopper)

    # The server dies again, and now the page with what it could not send goes too.
    gateway.kill()
    shopper.buy(5, 1)
    assert books(page)["pending"] > 0
    with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
        page.reload()
    # The browser's own page about it, which would interrupt the way to another one.
    page.wait_for_url(lambda url: url.startswith("chrome-error:"))
    gateway.start()
    shopper.enter()
    shopper.buy(2)
    shown(board, shopper)

    expect(page.get_by_test_id("ledger-pending")).to_have_text("0")
    expect(page.get_by_test_id("balance")).to_have_text("every event accounted for")
    assert books(page) == {
        "sent": shopper.total,
        "accepted": shopper.total,
        "duplicate": 0,
        "rejected": 0,
        "expired": 0,
        "pending": 0,
    }
    counted(gateway, shopper)

    shopper.take(6)
    board.watch_number("purchases")
    clicked_at = shopper.pay()
    shown(board, shopper)
    (shown_at, number), *_ = board.changes()
    assert number == shopper.clicked["purchase"]
    with capsys.disabled():
        sys.stdout.write(f"\n{shown_at - clicked_at} ms from the click on 'Buy' to the number on the tile\n")

    # What is on the screen is on the disk: once more, with nothing to send.
    gateway.kill()
    gateway.start()
    counted(gateway, shopper)
    assert [text for seen in troubles for text in seen if not text.startswith("console: ")] == []
