"""Fixtures of all browser tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import chromium
from tests.browser.driving import load
from tests.browser.model_server import ModelServer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of a module; each test has its own context."""
    with chromium() as started:
        yield started


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
