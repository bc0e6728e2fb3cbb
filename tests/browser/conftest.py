"""Fixtures of all browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import KeptChromium
from tests.browser.driving import load
from tests.browser.model_server import ModelServer
from tests.browser.modules_site import ModulesSite
from tests.browser.visitor import Visitor
from tests.e2e.gateway_process import GatewayProcess

# Names under which the modules' site is visited.
HOSTS = ("127.0.0.1", "localhost", "www.shop.test", "help.shop.test", "other.test")


@pytest.fixture(scope="module")
def browser(kept_chromium: KeptChromium) -> Iterator[Browser]:
    """A Chromium for the tests of a module; each test has its own context."""
    with kept_chromium.lent() as lent:
        yield lent


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A listening model server; at the end no producer may have broken a rule."""
    model = ModelServer()
    model.start()
    yield model
    model.end()
    assert model.violations == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: empty storage."""
    fresh = browser.new_context()
    fresh.set_default_timeout(60_000)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext, server: ModelServer) -> Page:
    """A page that has loaded the SDK but not yet called `init`."""
    tab = context.new_page()
    load(tab, server)
    return tab


@pytest.fixture
def site() -> Iterator[ModulesSite]:
    """A site whose pages the test writes."""
    with ModulesSite() as running:
        yield running


@pytest.fixture
def gateway(tmp_path: Path, site: ModulesSite) -> Iterator[GatewayProcess]:
    """A real gateway that takes events from that site, under each of its names."""
    origins = ",".join(site.at(host) for host in HOSTS)
    with GatewayProcess(tmp_path / "data", allowed_origins=origins, drain_ms=500) as running:
        site.gateway = running.url
        yield running


@pytest.fixture
def visitor(context: BrowserContext, site: ModulesSite, gateway: GatewayProcess) -> Visitor:
    """Somebody who has not opened a page yet."""
    return Visitor(context, site, gateway)
