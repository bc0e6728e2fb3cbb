"""Security headers, one set for each kind of answer."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ALWAYS", "API", "SCRIPT", "page_headers"]

_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:]{2,45}\](?::\d{1,5})?")

ALWAYS: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Server": "tidegate"}
"""For every answer. The name is there so that the library does not put its own, with its version."""

API: Final = {
    **ALWAYS,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""For JSON, CSV and metrics: nothing to render, nothing to keep."""

SCRIPT: Final = {
    **ALWAYS,
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""For the SDK: any page may load it."""


def page_headers(host: str, *, forms: bool = False) -> dict[str, str]:
    """For pages and what they load: only their own scripts and styles, only their own server.

    `host` is what the browser called us. It is named for `ws:` and `wss:`, which older browsers do not take `'self'`
    to cover, and only when it looks like a host. `forms` lets the page's own forms be sent.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    policy = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"connect-src 'self'{sockets}",
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'" if forms else "form-action 'none'",
    ]
    return {
        **ALWAYS,
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
