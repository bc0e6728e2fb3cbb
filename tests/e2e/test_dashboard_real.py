"""The dashboard against a real gateway: what it shows while events come, and what it survives."""

from __future__ import annotations

import csv
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from client_sdk.python import Client
from tests.e2e.board import Board
from tests.e2e.gateway_process import VIEW_KEY, WRITE_KEY, GatewayProcess
from tests.e2e.kpifile import write_kpis
from tests.e2e.patience import eventually

XSS = "<img src=x onerror=\"document.title='owned'\">"

KPIS: dict[str, dict[str, Any]] = {
    "orders": {"value": "count(*)", "where": "event = 'order'"},
    "turnover": {"value": "sum(value)", "where": "event = 'order'", "unit": "EUR"},
    "by_country": {"value": "count(*)", "by": ["country"]},
    "top_pages": {"value": 'top("$pathname", 5)'},
}


@pytest.fixture
def kpis(tmp_path: Path) -> Path:
    """A KPI file with one of each shape, of long windows."""
    return write_kpis(tmp_path / "kpis.toml", KPIS)


@pytest.fixture
def gateway(tmp_path: Path, kpis: Path) -> Iterator[GatewayProcess]:
    """A gateway on its own origin, with these KPIs."""
    with GatewayProcess(tmp_path / "data", kpis=kpis, snapshot_s=1, drain_ms=500) as running:
        yield running


@pytest.fixture
def board(page: Page, troubles: list[str], gateway: GatewayProcess) -> Board:
    """The dashboard in that page, not loaded yet."""
    return Board(page, gateway.url)


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[Client]:
    """A producer that is connected to the gateway."""
    with Client(gateway.url, WRITE_KEY) as connected:
        yield connected


def order(client: Client, count: int, **properties: Any) -> None:
    """So many orders of 10 EUR, acked."""
    for _ in range(count):
        client.capture("order", {"value": 10, "country": "DE", "$pathname": "/pay", **properties})
    client.flush(60)


def rows_of(board: Board, kpi: str) -> Locator:
    """The lines of a tile's table."""
    return board.tile(kpi).locator("tbody tr:not([data-empty])")


def test_tiles_follow_what_is_sent(board: Board, client: Client, troubles: list[str]) -> None:
    """Each shape of tile shows exactly what has been sent, at once, and as it goes on."""
    order(client, 3)
    board.open()
    board.shows(orders=3, turnover=30, by_country=3)
    for sent in (10, 50, 300):
        before = 3 if sent == 10 else {50: 10, 300: 50}[sent]
        order(client, sent - before)
        board.shows(orders=sent, turnover=10 * sent, by_country=sent)
    order(client, 2, country="FR", **{"$pathname": "/gift"})
    expect(rows_of(board, "by_country")).to_have_text(["DE300", "FR2"])
    expect(rows_of(board, "top_pages")).to_have_text(["/pay300", "/gift2"])
    expect(board.tile("orders").locator(".kind")).to_have_text("partial")
    board.is_live()
    assert troubles == []


def test_freshness_is_that_of_the_newest_event(board: Board, client: Client) -> None:
    """Right after an event the board says that it is fresh, and its watermark is behind by the delay."""
    board.open()
    order(client, 1)
    board.shows(orders=1)
    expect(board.tile("orders").locator(".fresh")).to_have_attribute("data-tone", "fresh")
    expect(board.page.locator("[data-part=behind]")).to_have_text(re.compile(r"^[\d.]+ (ms|s)$"))


def test_kill_9_and_back(board: Board, client: Client, gateway: GatewayProcess) -> None:
    """A server that died comes back under a new epoch: the tiles stand as they were and go on exactly."""
    board.open()
    order(client, 7)
    board.shows(orders=7, turnover=70)
    epoch = gateway.status()["server_epoch"]
    gateway.kill()
    board.is_cut_off()
    client.capture("order", {"value": 10, "country": "DE"})
    board.shows(orders=7)  # the last known number stays on the screen
    gateway.start()
    assert gateway.status()["server_epoch"] != epoch
    board.shows(orders=8, turnover=80, by_country=8)
    board.is_live()
    order(client, 1)
    board.shows(orders=9, turnover=90)


def test_a_drain_is_told(board: Board, client: Client, gateway: GatewayProcess) -> None:
    """Before a planned stop the board says that the server restarts, and it is back with the server."""
    order(client, 4)
    board.open()
    board.shows(orders=4)
    gateway.signal(signal.SIGTERM)
    expect(board.page.locator("[data-part=detail]")).to_contain_text("restarting")
    assert gateway.wait() == 0
    gateway.start()
    board.is_live()
    board.shows(orders=4)


def test_a_wrong_key_asks_for_a_right_one(board: Board, client: Client, gateway: GatewayProcess) -> None:
    """A key that the gateway refuses, a write key included, shows the form and no number; a right one the board."""
    order(client, 5)
    for wrong in ("v_wrong", WRITE_KEY):
        board.open(wrong)
        expect(board.page.get_by_role("alert")).to_have_text("The server did not accept this view key.")
        expect(board.page.locator(".tile")).to_have_count(0)
        board.page.goto("about:blank")
    board.open("v_wrong")
    board.page.locator("#gate input").fill(VIEW_KEY)
    board.page.keyboard.press("Enter")
    board.shows(orders=5)
    assert gateway.status()["viewers"] == 1


def test_the_rows_of_a_tile_are_downloaded(board: Board, client: Client, troubles: list[str]) -> None:
    """As the query API has them: of the filter that is shown, with the same windows and values, and no formula."""
    order(client, 3, country="=1+1")
    order(client, 2)
    board.page.goto(f"{board.url}/#/board/all?where=%7B%22country%22%3A%22%3D1%2B1%22%7D&key={VIEW_KEY}")
    board.shows(by_country=3, orders=5)
    board.page.get_by_role("button", name="Definition of by_country").click()
    with board.page.expect_download() as begun:
        board.page.get_by_role("button", name="Download as CSV").click()
    assert re.fullmatch(r"by_country-\d{4}-\d\d-\d\dT\d{6}Z\.csv", begun.value.suggested_filename)
    head, line = csv.reader(begun.value.path().read_text().splitlines())
    row = dict(zip(head, line, strict=True))
    assert "=" not in row["dims"]
    assert (json.loads(row["dims"]), float(row["value"]), row["kind"]) == ({"country": "=1+1"}, 3, "partial")
    expect(board.page.get_by_role("dialog").get_by_role("status")).to_have_text("1 row in the file")
    assert troubles == []


def test_hostile_properties_stay_text(board: Board, client: Client, troubles: list[str]) -> None:
    """Markup in a property is shown letter by letter in every table and runs nowhere."""
    order(client, 2, country=XSS, **{"$pathname": XSS})
    order(client, 1, country="__proto__", **{"$pathname": "constructor"})
    board.open()
    board.shows(orders=3)
    expect(rows_of(board, "by_country")).to_have_text([f"{XSS}2", "__proto__1"])
    expect(rows_of(board, "top_pages")).to_have_text([f"{XSS}2", "constructor1"])
    expect(board.page.locator("main img")).to_have_count(0)
    expect(board.page).to_have_title("All KPIs \N{EN DASH} Tidegate")
    assert troubles == []


def test_a_reload_of_the_kpis_reaches_the_board(
    board: Board, client: Client, gateway: GatewayProcess, kpis: Path, troubles: list[str]
) -> None:
    """After SIGHUP the open board has the new tile and the changed one, lost the old one, and the others go on."""
    order(client, 2)
    board.open()
    board.shows(orders=2)
    changed = {name: spec for name, spec in KPIS.items() if name != "turnover"}
    changed["by_country"] = {"value": "count(*)", "by": ["$pathname"], "title": "By page"}
    changed["refunds"] = {"value": "count(*)", "where": "event = 'refund'", "title": "Money back"}
    write_kpis(kpis, changed)
    gateway.signal(signal.SIGHUP)
    expect(board.tile("refunds").locator("h2")).to_have_text("Money back")
    expect(board.tile("turnover")).to_have_count(0)
    expect(board.tile("by_country").locator("h2")).to_have_text("By page")
    order(client, 1)
    client.capture("refund", {"value": 10, "$pathname": "/pay"})
    board.shows(orders=3, refunds=1)
    board.is_live()
    assert troubles == []


def test_a_bad_kpi_file_leaves_the_board(board: Board, client: Client, gateway: GatewayProcess, kpis: Path) -> None:
    """A set that cannot run is refused with its place, and the board goes on with the running one."""
    order(client, 2)
    board.open()
    kpis.write_text('[[kpi]]\nname = "broken"\nvalue = "count("\nwindow = "tumbling 1m"\n', "utf-8")
    gateway.signal(signal.SIGHUP)
    eventually(gateway.log, lambda log: "broken" in log)
    order(client, 1)
    board.shows(orders=3, turnover=30)
    expect(board.page.locator(".tile")).to_have_count(4)
