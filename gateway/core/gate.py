"""Who may open a socket: caps on how many there are, and on how fast they come."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address
from typing import Final, NamedTuple

from gateway.core.bucket import TokenBucket

__all__ = ["AcceptGate", "Refusal"]

_CAP_RETRY_S: Final = 5  # a slot frees when some client leaves, which takes longer than a refill of the bucket
_BURST_S: Final = 2  # seconds' worth of new sockets that one address may open at once
_FAULT_COST: Final = 20  # new sockets that a broken rule costs its address
_HERE: Final = frozenset({"127.0.0.1", "::1", "local"})  # a proxy on this machine speaks for everyone behind it
_MOST_ADDRESSES: Final = 8_192  # whose rate is remembered; the longest unseen go first


class Refusal(NamedTuple):
    """Why a socket is not let in, as the plain HTTP answer says it."""

    status: int
    retry_after: int  # seconds
    cause: str  # "total", "ip", "ip_rate", "rate", "overload" or "draining"


class AcceptGate:
    """Counts the open sockets, in all and by address, and admits a new one or says why not.

    Each admitted socket must be released once, with the same address. Refused ones are not counted as open and must
    not be released. `refused` counts them by cause since the start. Where an address is counted it is the IPv4 address,
    or the /64 network of an IPv6 one: a client has a whole such network to take addresses from (RFC 6177).
    """

    def __init__(
        self, max_connections: int, max_per_ip: int, rate: float, rate_per_ip: float | None = None, now: int = 0
    ) -> None:
        # The caps, as configured.
        self._max_connections = max_connections
        self._max_per_ip = max_per_ip
        # New sockets a second, with a burst of one second's worth.
        self._bucket = TokenBucket(rate, max(1, rate), now)
        # New sockets a second of one address; None without a bound of its own. Faults are charged to it.
        self._rate_per_ip = rate_per_ip
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()
        self.faults = 0
        # Open sockets by address; an address without any has no entry, so the table cannot outgrow the total cap.
        self._by_ip: dict[str, int] = {}
        self._open = 0
        # True from the start of a drain on: nobody new gets in.
        self.draining = False
        self.refused: dict[str, int] = {"total": 0, "ip": 0, "ip_rate": 0, "rate": 0, "overload": 0, "draining": 0}

    @property
    def open(self) -> int:
        """Sockets admitted and not yet released."""
        return self._open

    def open_of(self, ip: str) -> int:
        """Sockets of one address, admitted and not yet released."""
        return self._by_ip.get(_party(ip), 0)

    def admit(self, ip: str, now: int, *, shared: bool = False) -> Refusal | None:
        """Take a slot for `ip`, or say why there is none. `now` in milliseconds. O(1).

        What bounds an address is asked before the rate of all, so that none can use up the accepts of the others. A
        `shared` address is a proxy's: its bounds are not its own, but those of each behind it, see `move`.
        """
        if self._open >= self._max_connections:
            return self._refuse(503, _CAP_RETRY_S, "total")
        ip = _party(ip)
        held = self._by_ip.get(ip, 0)
        if held >= self._max_per_ip and not shared:
            return self._refuse(429, _CAP_RETRY_S, "ip")
        if not shared and (wait_s := self._wait_s(ip, now)):
            return self._refuse(429, wait_s, "ip_rate")
        if not self._bucket.take(now):
            return self._refuse(503, max(1, -(-self._bucket.wait_ms() // 1000)), "rate")
        self._by_ip[ip] = held + 1
        self._open += 1
        return None

    def move(self, ip: str, client: str, now: int) -> Refusal | None:
        """An admitted socket turned out to be `client`'s, behind the proxy `ip`: its slot counts there. O(1).

        When it is refused, the slot is still held, and to be released, under `ip`.
        """
        if client == ip:
            return None
        ip, client = _party(ip), _party(client)
        held = self._by_ip.get(client, 0) - (client == ip)
        if held >= self._max_per_ip:
            return self._refuse(429, _CAP_RETRY_S, "ip")
        if wait_s := self._wait_s(client, now):
            return self._refuse(429, wait_s, "ip_rate")
        self.release(ip)
        self._by_ip[client] = held + 1
        self._open += 1
        return None

    def refuse_draining(self, retry_after: int) -> Refusal:
        """The refusal of an upgrade that comes during a drain; it is counted."""
        return self._refuse(503, retry_after, "draining")

    def refuse_overload(self) -> Refusal:
        """The refusal of an upgrade that comes when there is too much already; it is counted."""
        return self._refuse(503, _CAP_RETRY_S, "overload")

    def fault(self, ip: str, now: int) -> None:
        """A socket of this address broke a rule, or wasted its time: it may open fewer new ones for a while. O(1)."""
        self.faults += 1
        own = self._bucket_of(_party(ip), now)
        if own is not None:
            own.charge(now, _FAULT_COST)

    def _wait_s(self, ip: str, now: int) -> int:
        """Take a new socket out of the rate of an address; when there is none, after how many seconds there will be."""
        own = self._bucket_of(ip, now)
        return 0 if own is None or own.take(now) else max(1, -(-own.wait_ms() // 1000))

    def _bucket_of(self, ip: str, now: int) -> TokenBucket | None:
        if self._rate_per_ip is None or ip in _HERE:
            return None
        bucket = self._buckets.get(ip)
        if bucket is None:
            if len(self._buckets) >= _MOST_ADDRESSES:
                self._buckets.popitem(last=False)
            bucket = self._buckets[ip] = TokenBucket(self._rate_per_ip, _BURST_S * self._rate_per_ip, now)
        self._buckets.move_to_end(ip)
        return bucket

    def release(self, ip: str) -> None:
        """Give the slot of an admitted socket back. O(1)."""
        ip = _party(ip)
        held = self._by_ip[ip]
        if held == 1:
            del self._by_ip[ip]
        else:
            self._by_ip[ip] = held - 1
        self._open -= 1

    def _refuse(self, status: int, retry_after: int, cause: str) -> Refusal:
        self.refused[cause] += 1
        return Refusal(status, retry_after, cause)


def _party(ip: str) -> str:
    """What is counted for an address. About 2 us for an IPv6 address, nothing for others.

    >>> _party("2001:db8:1:2:aaaa::1"), _party("::ffff:203.0.113.7"), _party("203.0.113.7")
    ('2001:db8:1:2::', '203.0.113.7', '203.0.113.7')
    """
    if ":" not in ip or ip in _HERE:
        return ip
    try:
        address = IPv6Address(ip)
    except ValueError:
        return ip
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
