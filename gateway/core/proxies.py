"""Who is behind a proxy: whose word about the address of a client is taken, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

__all__ = ["Proxies"]

_MOST: Final = 32
"""Hops that are looked at: longer chains are not built by proxies."""


class Proxies:
    """The networks of the proxies that we stand behind.

    Args:
        networks: addresses and CIDR networks.

    Raises:
        ValueError: one of them is neither; the message names it.
    """

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text, strict=False) for text in networks]

    def trusts(self, address: str) -> bool:
        """Whether what this address says about others is believed.

        >>> Proxies(["10.0.0.0/8"]).trusts("10.1.2.3"), Proxies(["10.0.0.0/8"]).trusts("local")
        (True, False)
        """
        if not self._networks:
            return False
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks if network.version == parsed.version)

    def client(self, peer: str, forwarded: str | None) -> str:
        """The address of the client: the peer's, or where that is a proxy, the last in `X-Forwarded-For` that is none.

        Each proxy appends whom it heard; what stands further left was written by someone we have no reason to believe.

        >>> Proxies(["10.0.0.1"]).client("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.1")
        '203.0.113.7'
        >>> Proxies(["10.0.0.1"]).client("198.51.100.9", "203.0.113.7")
        '198.51.100.9'
        """
        client = peer
        for hop in reversed((forwarded or "").rsplit(",", _MOST)[-_MOST:]):
            if not self.trusts(client):
                break
            said = _address(hop.strip())
            if said is None:
                break
            client = said
        return client


def _address(text: str) -> str | None:
    """An address as proxies write it, with or without brackets and port; None for anything else."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
