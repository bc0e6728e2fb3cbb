"""Where the pages under test lie, and the policy they are served with."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

__all__ = ["CSP", "DEMO", "ROOT", "SDK", "file_answer"]

ROOT = Path(__file__).parents[2]
SDK = ROOT / "client_sdk" / "browser" / "src"
DEMO = ROOT / "gateway" / "dashboard" / "demo"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {".svg": "image/svg+xml", ".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def file_answer(path: Path) -> web.Response:
    """That file under the policy, never kept by the browser; 404 when it is not there."""
    if not path.is_file():
        return web.Response(status=404)
    headers = {"Content-Security-Policy": CSP, "Cache-Control": "no-store"}
    return web.Response(body=path.read_bytes(), content_type=TYPES[path.suffix], headers=headers)
