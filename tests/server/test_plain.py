"""Plain answers as bytes."""

from __future__ import annotations

from http.client import HTTPResponse
from io import BytesIO
from typing import Any, cast

from gateway.server.plain import plain


class _Socket:
    """What `HTTPResponse` reads from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_args: Any) -> BytesIO:
        return BytesIO(self._data)


def parsed(data: bytes) -> tuple[HTTPResponse, bytes]:
    """`data` as the standard library's client understands it."""
    response = HTTPResponse(cast(Any, _Socket(data)))
    response.begin()
    return response, response.read()


def test_a_slug_becomes_json() -> None:
    """An answer with a slug is JSON, ends the connection and is not kept by anybody."""
    response, body = parsed(plain(429, "too_many", headers=("Retry-After: 5",)))
    assert (response.status, response.reason) == (429, "Too Many Requests")
    assert body == b'{"error":"too_many"}'
    assert response.getheader("Content-Type") == "application/json"
    assert response.getheader("Connection") == "close"
    assert response.getheader("Cache-Control") == "no-store"
    assert response.getheader("Retry-After") == "5"


def test_without_a_slug_there_is_no_body() -> None:
    """An answer without a slug says its status and nothing else."""
    response, body = parsed(plain(431))
    assert response.status == 431
    assert body == b""
    assert response.getheader("Content-Length") == "0"
    assert response.getheader("Content-Type") is None
