"""What was published, from a gateway that answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analytics import KpiSpec
from gateway.audit.published import from_gateway
from gateway.errors import ConfigError

SPEC = KpiSpec("views", "count(*)", "tumbling 1s")


class _Gateway(BaseHTTPRequestHandler):
    """Two pages of rows, for the right key."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if self.headers["Authorization"] != "Bearer v":
            return self._answer(401, {"error": "unauthorized"})
        if not self.path.startswith("/v1/kpis/views?"):
            return self._answer(404, {"error": "unknown_kpi"})
        row = {"dims": {}, "start": 0, "end": 1_000, "value": 7, "kind": "final", "rev": 0}
        second = "after" in asked
        row |= {"start": 1_000, "end": 2_000, "error": 0.016} if second else {}
        body = {"kpi": "views", "meta": SPEC.meta(), "watermark": 2_000, "next": None if second else "1000.0"}
        return self._answer(200, body | {"rows": [row]})

    def _answer(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Gateway) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_all_pages_are_read(url: str) -> None:
    """One after the other; open windows are left out, since the log may have grown."""
    published = from_gateway(url, "v", SPEC, (0, None))
    assert [(row.start, row.value, row.error) for row in published.rows] == [(0, 7, None), (1_000, 7, 0.016)]
    assert (published.watermark, published.open_too) == (2_000, False)


def test_what_is_wrong_is_said(url: str) -> None:
    """A wrong key, no such KPI, another definition, an address where no gateway is."""
    other = KpiSpec("views", "count(*)", "tumbling 2s")
    for address, key, spec, word in (
        (url, "w", SPEC, "view key"),
        (url, "v", KpiSpec("clicks", "count(*)", "tumbling 1s"), "no KPI 'clicks'"),
        (url, "v", other, "another 'window'"),
        ("file:///etc", "v", SPEC, "no address"),
        ("http://127.0.0.1:1", "v", SPEC, "does not answer"),
    ):
        with pytest.raises(ConfigError, match=word):
            from_gateway(address, key, spec, (None, None))
