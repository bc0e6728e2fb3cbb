"""Which pages of other origins may post events."""

from __future__ import annotations

from collections.abc import Callable

from gateway.server.reply import Reply, error

__all__ = ["allow", "preflight"]


def allow(origin: str) -> dict[str, str]:
    """Headers of an answer that a page of `origin` may read."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After",
        "Vary": "Origin",
    }


def preflight(origin: str | None, allowed: Callable[[str], bool]) -> Reply:
    """The answer to `OPTIONS`: what the page may send, for ten minutes; 403 for other origins or for none."""
    if origin is None or not allowed(origin):
        return error(403, "origin", {"Vary": "Origin"})
    headers = {
        **allow(origin),
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type, Content-Encoding",
        "Access-Control-Max-Age": "600",
    }
    return Reply(204, b"", "", headers)
