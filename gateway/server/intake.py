"""Reading a request body within its limits: bytes, time, and what it may unpack to."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from aiohttp import web

from gateway.config import Config
from gateway.core.holding import Holding
from gateway.server.reply import Reply, busy, error
from gateway.server.terms import Holder

__all__ = ["read_body"]

_MEDIA: Final = frozenset({"application/json", "text/plain"})
_GZIP: Final = 31  # zlib's code for a gzip header and trailer
_NO_ENCODING: Final = frozenset({"", "identity"})


async def read_body(request: web.Request, config: Config, holding: Holding[Holder]) -> bytes | Reply:
    """The decoded body, or the refusal to answer with: 400, 408, 413, 415, or 503 when all bodies become too much.

    After 408, 413 and 503 there may be body bytes left on the socket; the connection must not be used again.
    """
    # A beacon may leave the type out; no sender of another type does.
    if request.headers.get("Content-Type") and request.content_type not in _MEDIA:
        return error(415, "content_type")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding != "gzip" and encoding not in _NO_ENCODING:
        return error(415, "content_encoding")
    if request.content_length is not None and request.content_length > config.max_body:
        return error(413, "too_large")
    held: _Body | None = None
    try:
        async with asyncio.timeout(config.body_timeout_ms / 1000) as patience:
            held = _Body(patience)
            body = await _read(request, config.max_body, held, holding)
    except TimeoutError:
        if held is not None and held.was_cut:
            return busy()
        return error(408, "body_timeout")
    except web.RequestPayloadError:
        return error(400, "bad_body")
    if body is None:
        return error(413, "too_large")
    return _unpack(body, config.max_body, config.max_gzip_ratio) if encoding == "gzip" else body


class _Body:
    """A body that is coming in, as the holding knows it."""

    def __init__(self, patience: asyncio.Timeout) -> None:
        self._patience = patience
        self.was_cut = False

    def cut(self) -> None:
        """Bodies and the like became too much, and this one was the oldest."""
        self.was_cut = True
        if not self._patience.expired():
            self._patience.reschedule(0.0)


async def _read(request: web.Request, limit: int, held: _Body, holding: Holding[Holder]) -> bytes | None:
    """The body as sent, or None as soon as it passes `limit`."""
    parts: list[bytes] = []
    size = 0
    try:
        while part := await request.content.readany():
            size += len(part)
            if size > limit:
                return None
            parts.append(part)
            for oldest in holding.hold(held, size):
                oldest.cut()
    finally:
        holding.hold(held, 0)
    return b"".join(parts)


def _unpack(body: bytes, limit: int, ratio: int) -> bytes | Reply:
    """One gzip member. What comes out is bounded while it comes out, so a bomb costs no more than the limit."""
    most = min(limit, len(body) * ratio)
    unpacker = zlib.decompressobj(_GZIP)
    try:
        text = unpacker.decompress(body, most + 1)
    except zlib.error:
        return error(400, "bad_gzip")
    if len(text) > most:
        return error(413, "gzip_ratio" if most < limit else "too_large")
    if not unpacker.eof or unpacker.unused_data:
        return error(400, "bad_gzip")
    return text
