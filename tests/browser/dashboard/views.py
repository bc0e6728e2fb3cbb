"""Page views in the current minute, as the protocol model publishes them."""

from __future__ import annotations

from tests.browser.viewer_model import ViewerModel, now_ms, row

__all__ = ["publish_views", "this_minute"]


def this_minute() -> int:
    """Start of the minute that is now; as the watermark it puts the newest event into that minute."""
    return now_ms() // 60_000 * 60_000


def publish_views(model: ViewerModel, count: int) -> None:
    """So many page views in the current minute."""
    start = this_minute()
    model.publish("page_views", [row(start, count)], watermark=start)
