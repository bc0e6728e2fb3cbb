"""Fixtures of the end-to-end tests: a browser, and a foreign site whose pages send to a gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.chromium import KeptChromium
from tests.browser.visit import page, troubles
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.kpifile import write_kpis
from tests.e2e.site import Site
from tests.e2e.tab import Tab

__all__ = ["page", "troubles"]

KPIS: dict[str, dict[str, Any]] = {
    "events": {"value": "count(*)"},
    "by_event": {"value": "count(*)", "by": ["event"], "max_keys": 5000},
    "people": {"value": "uniq(distinct_id)"},
    "sessions": {"value": "uniq(session_id)"},
}


@pytest.fixture(scope="module")
def browser(kept_chromium: KeptChromium) -> Iterator[Browser]:
    """A Chromium for the tests of a module; each test has its own context."""
    with kept_chromium.lent() as lent:
        yield lent


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of another origin."""
    with Site() as running:
        yield running


@pytest.fixture
def gateway(tmp_path: Path, site: Site) -> Iterator[GatewayProcess]:
    """A gateway that takes events from that site."""
    kpis = write_kpis(tmp_path / "kpis.toml", KPIS)
    with GatewayProcess(
        tmp_path / "data", kpis=kpis, allowed_origins=site.origin, snapshot_s=1, drain_ms=500
    ) as running:
        site.gateway = running.url
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile with nothing stored."""
    fresh = browser.new_context()
    fresh.set_default_timeout(60_000)
    yield fresh
    fresh.close()


@pytest.fixture
def tab(context: BrowserContext, site: Site, gateway: GatewayProcess) -> Tab:
    """A page of the site, before `init`."""
    opened = Tab(context.new_page())
    opened.open(f"{site.origin}/page")
    return opened
