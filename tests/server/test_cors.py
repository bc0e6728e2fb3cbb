"""Cross-origin answers."""

from __future__ import annotations

import pytest

from gateway.server.cors import allow, preflight
from tests.server.rig import ORIGIN


def test_an_allowed_page_may_post_json() -> None:
    """The preflight of an allowed origin names the method, the headers and the origin itself, never `*`."""
    reply = preflight(ORIGIN, lambda origin: origin == ORIGIN)
    assert reply.status == 204
    assert reply.body == b""
    assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert reply.headers["Access-Control-Allow-Methods"] == "POST"
    assert "Content-Type" in reply.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
def test_others_may_not(origin: str | None) -> None:
    """Another origin, or none, gets 403 and no permission."""
    reply = preflight(origin, lambda origin: origin == ORIGIN)
    assert reply.status == 403
    assert not any(name.startswith("Access-Control") for name in reply.headers)


def test_answers_differ_by_origin() -> None:
    """A cache must not give one page's permission to another."""
    assert allow(ORIGIN)["Vary"] == "Origin"
    assert preflight(None, lambda _origin: True).headers["Vary"] == "Origin"
