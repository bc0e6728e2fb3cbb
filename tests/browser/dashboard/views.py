"""What the protocol model shows: page views in the current minute, and boards."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.viewer_model import KEY, Message, ViewerModel, now_ms, row

__all__ = ["board", "open_board", "publish_views", "this_minute", "tile"]


def this_minute() -> int:
    """Start of the minute that is now; as the watermark it puts the newest event into that minute."""
    return now_ms() // 60_000 * 60_000


def publish_views(model: ViewerModel, count: int) -> None:
    """So many page views in the current minute."""
    start = this_minute()
    model.publish("page_views", [row(start, count)], watermark=start)


def tile(kpi: str, **keys: Any) -> Message:
    """A tile as `/v1/boards` has it."""
    return {"kpi": kpi, "view": "auto", "size": "auto", "title": "", "range": "", "low": "", "high": "", **keys}


def board(name: str, *kpis: str | Message, **keys: Any) -> Message:
    """A board as `/v1/boards` has it."""
    tiles = [tile(kpi) if isinstance(kpi, str) else kpi for kpi in kpis]
    return {"name": name, "title": "", "range": "", "tile": tiles, "annotation": [], "version": "v", **keys}


def open_board(page: Page, model: ViewerModel, query: str = "") -> None:
    """Open a board of the model by its address."""
    page.goto(f"{model.url}/#/board/{model.boards[0]['name']}{query}&key={KEY}")
    expect(page.locator("[data-part=phase]")).to_have_text("Live")
