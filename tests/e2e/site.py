"""A web site that is not the gateway's, with the SDK on its pages and a strict content policy."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

__all__ = ["Site"]

PAGE = "<!doctype html><title>Site</title><script type='module' src='{gateway}/sdk.js'></script><p>A page."
PAGES = {
    "/page": PAGE,
    "/no-socket": PAGE,
    "/embed": "<!doctype html><title>Other</title><iframe src='{origin}/page'></iframe>",
    "/nonce": (
        "<!doctype html><title>Nonce</title><script nonce='abc' src='{gateway}/tidegate.js' data-key='w_test' "
        "data-modules='errors,clicks'></script><p>A page."
    ),
}


class Site:
    """Pages from a server of its own, hence from an origin of its own.

    `/page` allows what the SDK needs and nothing else; `/no-socket` forbids the WebSocket, as some companies do;
    `/embed` has `/page` in a frame; `/nonce` has the one classic script, and allows scripts by nonce alone.
    """

    def __init__(self) -> None:
        # Where the SDK is loaded from; to be set before a page is asked for.
        self.gateway = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def policy(self, path: str) -> str:
        """The content policy of a page."""
        if path == "/embed":
            return f"default-src 'none'; frame-src {self.origin}"
        sockets = "" if path == "/no-socket" else " " + self.gateway.replace("http", "ws", 1)
        scripts = "'nonce-abc'" if path == "/nonce" else self.gateway
        return f"default-src 'none'; script-src {scripts}; connect-src {self.gateway}{sockets}; base-uri 'none'"

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name that http.server calls
                path = self.path.partition("?")[0]
                body = PAGES.get(path, "").format(gateway=site.gateway, origin=site.origin).encode()
                self.send_response(HTTPStatus.OK if body else HTTPStatus.NO_CONTENT)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", site.policy(path))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as declared by http.server
                """Nothing: what a test asks for is no news."""

        return Handler
