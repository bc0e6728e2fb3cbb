"""One URL gives both endpoints."""

from __future__ import annotations

import pytest

from client_sdk.python.address import Address


@pytest.mark.parametrize(
    "url", ["http://h:8080", "ws://h:8080", "http://h:8080/", "ws://h:8080/v1/ws", "http://h:8080/v1/events"]
)
def test_every_spelling_is_the_same_gateway(url: str) -> None:
    """Scheme, trailing slash and endpoint path make no difference."""
    assert Address.parse(url) == ("ws://h:8080/v1/ws", "http://h:8080/v1/events")


def test_tls_and_a_path_are_kept() -> None:
    """https and wss stay encrypted; a prefix of a proxy stays in front."""
    assert Address.parse("https://h/edge/") == ("wss://h/edge/v1/ws", "https://h/edge/v1/events")


@pytest.mark.parametrize(
    "url", ["", "h:8080", "ftp://h", "http://", "http://h?key=wk", "http://user:word@h", "http://h/#key"]
)
def test_other_urls_are_refused(url: str) -> None:
    """No scheme, no host, or something that looks like a credential is an error."""
    with pytest.raises(ValueError, match="URL"):
        Address.parse(url)
