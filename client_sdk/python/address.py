"""Where a gateway listens, from the one URL its user knows."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["Address"]

_SCHEMES = {"ws": ("ws", "http"), "http": ("ws", "http"), "wss": ("wss", "https"), "https": ("wss", "https")}


class Address(NamedTuple):
    """The two endpoints of a gateway that clients use."""

    socket: str
    events: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Both endpoints. `url` has the scheme http, https, ws or wss; a path before `/v1/ws` is kept.

        >>> Address.parse("http://localhost:8080")
        Address(socket='ws://localhost:8080/v1/ws', events='http://localhost:8080/v1/events')

        Raises:
            ValueError: another scheme, no host, or a query (keys travel in `hello`, never in the URL).
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError(f"{url!r} is not an http, https, ws or wss URL")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("the URL of a gateway holds no credentials, query or fragment")
        socket, http = _SCHEMES[parts.scheme]
        base = parts.netloc + parts.path.rstrip("/").removesuffix("/v1/ws").removesuffix("/v1/events")
        return cls(f"{socket}://{base}/v1/ws", f"{http}://{base}/v1/events")
