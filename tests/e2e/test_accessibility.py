"""What axe-core finds on every page of the dashboard, filled by a real gateway, in light, in dark and on a phone."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.visit import visit
from tests.e2e.board import Board
from tests.e2e.boardkpis import BOARD, DAY_MS, at, send, write_set
from tests.e2e.gateway_process import VIEW_KEY, WRITE_KEY, GatewayProcess

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
LOOKS = [("light", DESK), ("dark", DESK), ("light", PHONE)]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway with a KPI and a tile of each kind, events for all of them, and one that was refused."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    kpis, boards = write_set(folder / "kpis.toml"), folder / "boards.toml"
    boards.write_text(BOARD)
    with GatewayProcess(folder / "data", kpis=kpis, boards=boards, drain_ms=50) as running:
        send(running, [("look", f"u{i}", {"$pathname": "/a"}) for i in range(4)], at(DAY_MS))
        send(running, [("look", f"u{i}", {"$pathname": "/b", "ms": 100 * i}) for i in range(5)])
        send(running, [("order", f"u{i}", {"value": 10 + i, "country": "DE" if i else "FR"}) for i in range(3)])
        bad = {"token": WRITE_KEY, "events": [{"event": 7}]}
        assert running.post(json.dumps(bad).encode())[1]["verdicts"][0][2] == "drop"
        yield running


@pytest.fixture(params=LOOKS, ids=["light", "dark", "phone"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A blank page with one of the looks; nothing moves, so that colours are what they are."""
    scheme, size = request.param
    with visit(browser) as opened:
        opened.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        opened.set_viewport_size(size)
        yield opened


def violations(page: Page) -> list[str]:
    """What axe-core finds, each with the elements concerned."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def test_a_board_with_every_kind_of_tile(page: Page, gateway: GatewayProcess) -> None:
    """The tiles, the editor, and the sheet with a definition."""
    board = Board(page, gateway.url)
    board.open()
    for kpi in ("orders", "turnover", "visits"):
        # At least what was sent first: the same gateway may have shown live events before.
        expect(board.number(kpi)).to_have_attribute("value", re.compile("^[1-9]"))
    assert violations(page) == []
    board.tile("orders").get_by_role("button", name="Definition of Orders").click()
    expect(page.get_by_role("dialog", name="Orders").locator("pre")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.locator("#board-editor")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Delete board").click()
    expect(page.get_by_role("dialog")).to_contain_text("It is read-only")
    assert violations(page) == []


def test_a_board_that_was_deleted(page: Page, tmp_path: Path) -> None:
    """The question, and the message with the way back."""
    with GatewayProcess(tmp_path / "own", kpis=write_set(tmp_path / "own.toml"), drain_ms=100) as gateway:
        Board(page, gateway.url).open()
        page.get_by_role("button", name="New board").click()
        page.get_by_label("Title of the new board").fill("Mine")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Delete board").click()
        expect(page.get_by_role("dialog", name="Delete Mine?")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="Delete the board").click()
        expect(page.get_by_role("button", name="Undo")).to_be_focused()
        assert violations(page) == []


def test_live_events(page: Page, gateway: GatewayProcess) -> None:
    """A stream with a line that is open, and the words for a filter that finds nothing."""
    page.goto(f"{gateway.url}/#/live&key={VIEW_KEY}")
    lines = page.locator("#live-page .events li")
    expect(page.locator("#live-page [data-part=empty]").or_(lines.first).first).to_be_visible()
    someone = uuid.uuid4().hex  # the lines of the other looks are there already, below the one that comes
    send(gateway, [("order", someone, {"value": 1, "country": "DE"})])
    line = lines.filter(has_text=someone)
    line.locator("summary").click()
    expect(line.locator(".inside")).to_be_visible()
    assert violations(page) == []


def test_health(page: Page, gateway: GatewayProcess) -> None:
    """Every table, and a rejected event that is open."""
    page.goto(f"{gateway.url}/#/health&key={VIEW_KEY}")
    page.locator("[data-part=samples] summary").first.click()
    expect(page.locator("[data-part=samples] pre").first).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("address", ["#/start", ""], ids=["start", "gate"])
def test_before_the_first_number(page: Page, gateway: GatewayProcess, address: str) -> None:
    """The first-run page, and the form that asks for a key."""
    page.goto(f"{gateway.url}/{address}&key={VIEW_KEY}" if address else gateway.url)
    expect(page.locator("#start-title" if address else "#gate")).to_be_visible()
    assert violations(page) == []
    if not address:
        page.get_by_role("button", name="Open the board").click()
        expect(page.get_by_role("alert").first).to_have_text("Enter a view key.")
        assert violations(page) == []


def test_the_check_has_teeth(page: Page, gateway: GatewayProcess) -> None:
    """A button without a name, text without contrast and a picture without words are found."""
    page.goto(gateway.url)
    expect(page.locator("#gate")).to_be_visible()
    page.evaluate(
        """() => {
          const pale = document.createElement("p");
          pale.textContent = "Pale";
          pale.style.color = "#999";
          pale.style.backgroundColor = "#888";
          document.querySelector("main").append(document.createElement("button"), new Image(9, 9), pale);
        }"""
    )
    found = " ".join(violations(page))
    for rule in ("button-name", "image-alt", "color-contrast"):
        assert rule in found
