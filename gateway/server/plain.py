"""Plain HTTP answers as bytes, for sockets that get no further than the door."""

from __future__ import annotations

from http import HTTPStatus

__all__ = ["plain"]


def plain(status: int, slug: str | None = None, *, headers: tuple[str, ...] = ()) -> bytes:
    """A complete HTTP/1.1 answer that ends the connection: `{"error": slug}`, or no body without a slug.

    Nothing of the request is ever repeated in it. `headers` are ready lines without their line ends.
    """
    body = b'{"error":"%b"}' % slug.encode() if slug else b""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        "Cache-Control: no-store",
        f"Content-Length: {len(body)}",
        *(("Content-Type: application/json",) if body else ()),
        *headers,
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body
