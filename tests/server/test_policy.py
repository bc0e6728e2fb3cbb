"""Security headers."""

from __future__ import annotations

import pytest

from gateway.server.policy import API, SCRIPT, page_headers


def policy(headers: dict[str, str]) -> dict[str, list[str]]:
    """The content security policy by directive."""
    parts = [part.split() for part in headers["Content-Security-Policy"].split("; ")]
    return {name: values for name, *values in parts}


def test_a_page_loads_only_its_own() -> None:
    """Nothing is allowed by default; scripts and styles come from the server itself, and nothing inline runs."""
    assert policy(page_headers("localhost:8080")) == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "connect-src": ["'self'", "ws://localhost:8080", "wss://localhost:8080"],
        "img-src": ["'self'", "data:"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'none'"],
    }
    assert policy(page_headers("localhost", forms=True))["form-action"] == ["'self'"]


@pytest.mark.parametrize("host", ["a.example", "a.example:1", "127.0.0.1:8080", "[::1]", "[2001:db8::1]:443"])
def test_a_host_is_named_for_sockets(host: str) -> None:
    """Every form of a host is taken over."""
    assert policy(page_headers(host))["connect-src"] == ["'self'", f"ws://{host}", f"wss://{host}"]


@pytest.mark.parametrize(
    "host", ["", "*", "a b", "a;script-src *", "a.example:1; x", "a/b", "a\r\nx: y", "[::1", "x" * 300, "a@b"]
)
def test_what_is_no_host_changes_nothing(host: str) -> None:
    """A host that could add to the policy is left out of it."""
    assert policy(page_headers(host))["connect-src"] == ["'self'"]


@pytest.mark.parametrize("headers", [API, SCRIPT, page_headers("x")])
def test_nothing_is_sniffed_and_nothing_told(headers: dict[str, str]) -> None:
    """Every kind of answer forbids type sniffing and sends no referrer."""
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
