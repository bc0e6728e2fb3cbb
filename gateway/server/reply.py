"""What a route answers, before any HTTP library sees it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

__all__ = ["JSON", "Reply", "busy", "error", "json_reply"]

JSON: Final = "application/json"

_RETRY_AFTER_S: Final = 2

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Reply(NamedTuple):
    """Status, body, media type, further headers."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = _NONE


def json_reply(status: int, body: bytes, headers: Mapping[str, str] = _NONE) -> Reply:
    """A reply whose `body` is JSON text."""
    return Reply(status, body, JSON, headers)


def error(status: int, slug: str, headers: Mapping[str, str] = _NONE) -> Reply:
    """`{"error": slug}`. A slug is ours and fixed: nothing of a request may go into it.

    >>> error(404, "not_found").body
    b'{"error":"not_found"}'
    """
    return Reply(status, b'{"error":"%b"}' % slug.encode("ascii"), JSON, headers)


def busy() -> Reply:
    """Nothing is taken at the moment; come again in two seconds."""
    return error(503, "busy", {"Retry-After": str(_RETRY_AFTER_S)})
