"""Admission of sockets."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.gate import AcceptGate, Refusal


def test_the_total_cap_is_503() -> None:
    """Beyond the total cap a socket is refused with 503 and when to come back; a release makes room."""
    gate = AcceptGate(max_connections=2, max_per_ip=9, rate=100)
    assert gate.admit("a", 0) is None
    assert gate.admit("b", 0) is None
    assert gate.admit("c", 0) == Refusal(503, 5, "total")
    gate.release("a")
    assert gate.admit("c", 0) is None
    assert gate.open == 2


def test_the_cap_of_an_address_is_429() -> None:
    """Beyond its cap an address is refused with 429; other addresses are not."""
    gate = AcceptGate(max_connections=9, max_per_ip=1, rate=100)
    assert gate.admit("a", 0) is None
    assert gate.admit("a", 0) == Refusal(429, 5, "ip")
    assert gate.admit("b", 0) is None
    gate.release("a")
    assert gate.open_of("a") == 0
    assert gate.admit("a", 0) is None


def test_a_shared_address_has_the_caps_of_those_behind_it() -> None:
    """A socket of a proxy counts for the client it turns out to be of; refused, it is still the proxy's."""
    gate = AcceptGate(max_connections=9, max_per_ip=1, rate=100)
    for _ in range(3):
        assert gate.admit("proxy", 0, shared=True) is None
    assert gate.move("proxy", "a", 0) is None
    assert gate.move("proxy", "a", 0) == Refusal(429, 5, "ip")
    assert gate.move("proxy", "proxy", 0) is None
    assert (gate.open, gate.open_of("proxy"), gate.open_of("a")) == (3, 2, 1)
    for address in ("proxy", "proxy", "a"):
        gate.release(address)
    assert (gate.open, gate.open_of("proxy"), gate.open_of("a")) == (0, 0, 0)


def test_addresses_of_one_ipv6_network_are_one_client() -> None:
    """Caps, rates and faults of a /64 are shared; an IPv4 address in IPv6 form is itself."""
    gate = AcceptGate(max_connections=9, max_per_ip=2, rate=100, rate_per_ip=30)
    assert gate.admit("2001:db8:0:1::1", 0) is None
    assert gate.admit("2001:db8:0:1:ffff:ffff:ffff:ffff", 0) is None
    assert gate.admit("2001:db8:0:1::2", 0) == Refusal(429, 5, "ip")
    assert gate.admit("2001:db8:0:2::1", 0) is None
    assert gate.admit("::ffff:203.0.113.7", 0) is None
    assert (gate.open_of("2001:db8:0:1::9"), gate.open_of("203.0.113.7"), gate.open) == (2, 1, 4)
    gate.release("2001:db8:0:1::1")
    for _ in range(3):
        gate.fault("2001:db8:0:1::7", 0)
    assert gate.admit("2001:db8:0:1::8", 0) == Refusal(429, 1, "ip_rate")
    assert gate.admit("2001:db8:0:2::8", 0) is None


def test_a_proxy_may_stand_in_the_network_of_its_clients() -> None:
    """The slot of a client there is counted once."""
    gate = AcceptGate(max_connections=9, max_per_ip=1, rate=100)
    assert gate.admit("2001:db8::1", 0, shared=True) is None
    assert gate.move("2001:db8::1", "2001:db8::2", 0) is None
    assert (gate.open, gate.open_of("2001:db8::2")) == (1, 1)
    assert gate.admit("2001:db8::1", 0, shared=True) is None
    assert gate.move("2001:db8::1", "2001:db8::3", 0) == Refusal(429, 5, "ip")


def test_the_rate_is_503() -> None:
    """More than a second's worth at once is refused with 503, until time has passed."""
    gate = AcceptGate(max_connections=99, max_per_ip=99, rate=3)
    assert [gate.admit("a", 0) for _ in range(3)] == [None] * 3
    assert gate.admit("a", 0) == Refusal(503, 1, "rate")
    assert gate.admit("a", 334) is None


def test_an_address_at_its_cap_does_not_use_up_the_rate() -> None:
    """Refusals by a cap take no token, so one address cannot lock the others out."""
    gate = AcceptGate(max_connections=99, max_per_ip=1, rate=2)
    assert gate.admit("a", 0) is None
    for _ in range(50):
        assert gate.admit("a", 0) is not None
    assert gate.admit("b", 0) is None


def test_refusals_are_counted_by_cause() -> None:
    """Each refusal adds one to the count of its cause."""
    gate = AcceptGate(max_connections=1, max_per_ip=1, rate=1)
    gate.admit("a", 0)
    gate.admit("b", 0)
    gate.release("a")
    gate.admit("a", 0)
    assert gate.refuse_draining(4) == Refusal(503, 4, "draining")
    assert gate.refuse_overload() == Refusal(503, 5, "overload")
    assert gate.refused == {"total": 1, "ip": 0, "ip_rate": 0, "rate": 1, "overload": 1, "draining": 1}


def test_one_address_cannot_use_up_the_rate_of_all() -> None:
    """Beyond its own rate it is refused with 429, and the others get in."""
    gate = AcceptGate(max_connections=99, max_per_ip=99, rate=10, rate_per_ip=2)
    assert [gate.admit("a", 0) for _ in range(4)] == [None] * 4
    for _ in range(50):
        assert gate.admit("a", 0) == Refusal(429, 1, "ip_rate")
    assert [gate.admit("b", 0) for _ in range(4)] == [None] * 4
    assert gate.admit("a", 500) is None


def test_behind_a_proxy_the_rate_is_that_of_each_client() -> None:
    """The proxy itself has none; a client beyond its own is refused, and the next one is not."""
    gate = AcceptGate(max_connections=99, max_per_ip=99, rate=1_000, rate_per_ip=1)
    for _ in range(9):
        assert gate.admit("proxy", 0, shared=True) is None
    assert [gate.move("proxy", "a", 0) for _ in range(3)] == [None, None, Refusal(429, 1, "ip_rate")]
    assert gate.move("proxy", "b", 0) is None
    assert gate.open_of("proxy") == 6


def test_a_fault_costs_its_address_new_sockets() -> None:
    """For a while, and no more than as many as it may open at once: it is a debt that time pays."""
    gate = AcceptGate(max_connections=99, max_per_ip=99, rate=1_000, rate_per_ip=10)
    assert gate.admit("a", 0) is None
    for _ in range(9):
        gate.fault("a", 0)
    assert gate.admit("a", 0) == Refusal(429, 3, "ip_rate")
    assert gate.admit("b", 0) is None
    assert gate.admit("a", 2_000) == Refusal(429, 1, "ip_rate")
    assert gate.admit("a", 2_100) is None
    assert gate.faults == 9


def test_addresses_are_remembered_within_a_bound() -> None:
    """The longest unseen are forgotten, and met as new."""
    gate = AcceptGate(max_connections=10**6, max_per_ip=9, rate=1e9, rate_per_ip=1)
    for number in range(10_000):
        gate.admit(str(number), 0)
    assert len(gate._buckets) == 8_192
    assert [gate.admit("0", 0), gate.admit("9999", 0)] == [None, None]
    assert gate.admit("9999", 0) is not None


def test_a_release_too_many_is_a_bug() -> None:
    """Releasing what was not admitted raises, rather than to widen the caps unseen."""
    with pytest.raises(KeyError):
        AcceptGate(1, 1, 1).release("a")


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=200))
def test_the_counts_are_those_of_a_multiset(steps: list[tuple[str, bool]]) -> None:
    """After any run of admissions and releases the counts are right and no cap was ever passed."""
    gate = AcceptGate(max_connections=6, max_per_ip=2, rate=1e9)
    held: Counter[str] = Counter()
    for ip, comes in steps:
        if comes:
            admitted = gate.admit(ip, 0) is None
            assert admitted == (held.total() < 6 and held[ip] < 2)
            held[ip] += admitted
        elif held[ip]:
            gate.release(ip)
            held[ip] -= 1
        assert gate.open == held.total()
        assert gate.open_of(ip) == held[ip]
