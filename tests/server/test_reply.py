"""Replies."""

from __future__ import annotations

import orjson
import pytest

from gateway.server.reply import JSON, Reply, error, json_reply


def test_an_error_is_json_with_its_slug() -> None:
    """`error` makes valid JSON of the slug and keeps further headers."""
    reply = error(429, "too_many", {"Retry-After": "1"})
    assert orjson.loads(reply.body) == {"error": "too_many"}
    assert (reply.status, reply.content_type, dict(reply.headers)) == (429, JSON, {"Retry-After": "1"})


def test_a_slug_is_plain_text() -> None:
    """A slug that is not ASCII is a bug, not an answer."""
    with pytest.raises(UnicodeEncodeError):
        error(400, "naïve")


def test_json_is_passed_through() -> None:
    """`json_reply` does not touch its body; without further headers there are none."""
    reply = json_reply(200, b"[]")
    assert reply == Reply(200, b"[]", JSON)
    assert dict(reply.headers) == {}
