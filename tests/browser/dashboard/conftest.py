"""Fixtures of the dashboard's tests: a page that nothing is loaded in yet, and what goes wrong on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.dashboard.views import publish_views
from tests.browser.viewer_model import ViewerModel, meta
from tests.browser.visit import page, troubles

__all__ = ["page", "troubles"]


@pytest.fixture
def model() -> Iterator[ViewerModel]:
    """A server with one KPI that has had events."""
    with ViewerModel([meta("page_views", title="Page views")]) as running:
        publish_views(running, 7)
        yield running
