"""A web site whose pages are written by the test, with the SDK of a gateway on them."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from tests.browser.pages import ROOT

__all__ = ["ModulesSite"]

VITALS = ROOT / "client_sdk" / "browser" / "node_modules" / "web-vitals" / "dist" / "web-vitals.js"
PAGE = """<!doctype html><title>Site</title>
<script type='importmap'>{{"imports": {{"web-vitals": "/web-vitals.js"}}}}</script>
<script type='module' src='{gateway}/sdk.js' {tag}></script>
{body}"""


class ModulesSite:
    """`pages` holds bodies by path, `scripts` whole files. What is not there is 204, at which a browser stays."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {"/page": "<p>A page."}
        self.scripts: dict[str, str] = {}
        # Where the SDK is loaded from, to be set before a page is asked for, and attributes of its tag.
        self.gateway = ""
        self.tag = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def origin(self) -> str:
        return self.at("127.0.0.1")

    def at(self, host: str) -> str:
        """The origin under another name of this machine."""
        return f"http://{host}:{self.port}"

    def __enter__(self) -> ModulesSite:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Status, type and body for a path with its query."""
        path = path.split("?")[0]
        if path == "/web-vitals.js":
            return HTTPStatus.OK, "text/javascript", VITALS.read_bytes()
        if path in self.scripts:
            return HTTPStatus.OK, "text/javascript", self.scripts[path].encode()
        if path not in self.pages:
            return HTTPStatus.NO_CONTENT, "text/plain", b""
        page = PAGE.format(gateway=self.gateway, tag=self.tag, body=self.pages[path])
        return HTTPStatus.OK, "text/html; charset=utf-8", page.encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name that http.server calls
                status, kind, body = site.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as declared by http.server
                """Nothing: what a test asks for is no news."""

        return Handler
