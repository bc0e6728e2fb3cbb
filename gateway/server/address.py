"""How the place it listens on is written in URLs and origins."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

__all__ = ["in_url", "is_loopback", "own_origins"]

_ANY: Final = ("0.0.0.0", "::", "")  # noqa: S104  # recognised here, not bound
_LOOPBACK: Final = "127.0.0.1"


def in_url(host: str) -> str:
    """A host as URLs have it: IPv6 addresses in brackets.

    >>> in_url("::1"), in_url("localhost")
    ('[::1]', 'localhost')
    """
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def own_origins(host: str, port: int) -> list[str]:
    """The origins of pages that the server itself serves: as bound, and as localhost, with either scheme."""
    names = {in_url(host), "localhost"} | ({_LOOPBACK} if host in _ANY else set())
    return [f"{scheme}://{name}:{port}" for scheme in ("http", "https") for name in sorted(names)]
