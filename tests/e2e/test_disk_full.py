"""A real disk that fills up under the real process: pages say so, with and without workers, and it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from client_sdk.python import Client
from tests.browser.visit import visit, watch
from tests.e2e.board import Board
from tests.e2e.gateway_process import WRITE_KEY
from tests.e2e.patience import eventually
from tests.e2e.smalldisk import SmallDisk


@pytest.mark.parametrize("workers", [1, 2])
def test_pages_are_told_of_a_full_disk_as_long_as_it_is(
    browser: Browser, page: Page, tmp_path: Path, workers: int
) -> None:
    """The page that is there, and one that comes later; both are rid of it once events are taken again."""
    troubles = watch(page)
    disk = SmallDisk(tmp_path / "disk")
    with disk.gateway(workers) as gateway:
        Board(page, gateway.url).open()
        Board(page, gateway.url).is_live()
        disk.fill(gateway)
        told = page.get_by_role("alert").filter(has_text="The disk of the gateway is full")
        expect(told).to_be_visible()
        with visit(browser) as other, Client(gateway.url, WRITE_KEY) as client:
            Board(other, gateway.url).open()
            late = other.get_by_role("alert").filter(has_text="The disk of the gateway is full")
            expect(late).to_be_visible()
            client.capture("$pageview", distinct_id="u")
            eventually(lambda: gateway.status()["level"], lambda level: level == 3)
            assert client.ledger().pending == 1
            disk.empty(gateway)
            client.flush(60)
            expect(told).to_have_count(0)
            expect(late).to_have_count(0)
        assert gateway.status()["disk"]["full"] is False
    assert troubles == []
