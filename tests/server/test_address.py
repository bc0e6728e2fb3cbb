"""Hosts in URLs and origins."""

from __future__ import annotations

import pytest

from gateway.server.address import in_url, is_loopback, own_origins


def test_an_ipv6_host_is_bracketed() -> None:
    """In URLs and in origins alike."""
    assert in_url("::1") == "[::1]"
    assert "http://[::1]:8080" in own_origins("::1", 8080)


def test_the_own_origins_are_as_bound_and_localhost() -> None:
    """With either scheme, and nothing else."""
    assert own_origins("10.0.0.5", 80) == [
        "http://10.0.0.5:80",
        "http://localhost:80",
        "https://10.0.0.5:80",
        "https://localhost:80",
    ]


def test_bound_everywhere_is_reached_on_loopback() -> None:
    """A page opened by address works too."""
    assert "http://127.0.0.1:8080" in own_origins("0.0.0.0", 8080)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_known(host: str) -> None:
    """By address and by name."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "gate.example", "localhost.example", ""])
def test_what_others_reach_is_no_loopback(host: str) -> None:
    """Nor is a name that only looks like it."""
    assert not is_loopback(host)
