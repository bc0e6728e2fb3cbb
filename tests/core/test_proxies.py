"""Whose word about addresses is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.proxies import Proxies

NEAR, FAR, CLIENT = "10.0.0.1", "192.0.2.10", "203.0.113.7"
CHAIN = Proxies(["10.0.0.0/8", FAR, "2001:db8:1::/48"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (CLIENT, None, CLIENT),
        (CLIENT, "1.2.3.4", CLIENT),  # not a proxy of ours: its word is nothing
        (NEAR, None, NEAR),
        (NEAR, "", NEAR),
        (NEAR, CLIENT, CLIENT),
        (NEAR, f"{CLIENT}, {FAR}", CLIENT),
        (NEAR, f"1.2.3.4, {CLIENT},{FAR}", CLIENT),  # what the client itself had written
        (NEAR, f"{CLIENT}:4711", CLIENT),
        (NEAR, "[2001:db8::7]:4711", "2001:db8::7"),
        (NEAR, "2001:DB8::7", "2001:db8::7"),
        (NEAR, f"::ffff:{CLIENT}", CLIENT),
        ("2001:db8:1::5", CLIENT, CLIENT),
        (NEAR, "unknown", NEAR),
        (NEAR, f"{CLIENT}, _hidden, {FAR}", FAR),
        (NEAR, f"{FAR}, {FAR}", FAR),
        ("local", CLIENT, "local"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(peer: str, forwarded: str | None, client: str) -> None:
    """As each proxy wrote whom it heard; the chain ends at whom nobody trusts, or at what is no address."""
    assert CHAIN.client(peer, forwarded) == client


def test_without_proxies_everyone_is_who_it_is() -> None:
    """The default."""
    assert Proxies().client(NEAR, CLIENT) == NEAR
    assert not Proxies().trusts(NEAR)


def test_what_is_no_network_is_refused() -> None:
    """By name."""
    with pytest.raises(ValueError, match=r"proxy\.example"):
        Proxies(["proxy.example"])


@given(st.text(max_size=200))
def test_any_header_gives_an_address_or_the_peer(forwarded: str) -> None:
    """No text that a client can write makes anything else."""
    found = CHAIN.client(NEAR, forwarded)
    assert found == NEAR or Proxies([found])


def test_a_long_chain_costs_no_more_than_a_short_one() -> None:
    """Only the hops nearest to us are looked at."""
    assert CHAIN.client(NEAR, ",".join([CLIENT] + [FAR] * 100)) == FAR
