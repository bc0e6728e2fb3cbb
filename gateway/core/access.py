"""Who may write, who may look, and from which pages."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final

__all__ = ["FORBIDDEN", "UNAUTHORIZED", "Access", "Origins"]

UNAUTHORIZED: Final = 4001
FORBIDDEN: Final = 4003


class Access:
    """The keys. Compared in constant time on their hashes, so that neither length nor prefix shows in the timing."""

    def __init__(self, write_keys: Sequence[str], view_keys: Sequence[str]) -> None:
        self._write = [_digest(key) for key in write_keys]
        self._view = [_digest(key) for key in view_keys]

    def may_write(self, token: str) -> bool:
        """Whether `token` is a write key. About 1 us a key."""
        return _among(token, self._write)

    def may_view(self, token: str) -> bool:
        """Whether `token` is a view key."""
        return _among(token, self._view)

    def refusal(self, token: str, *, viewing: bool) -> int | None:
        """The close code for a socket of that role with this token: a key of the other role is known, but forbidden."""
        mine, other = (self._view, self._write) if viewing else (self._write, self._view)
        if _among(token, mine):
            return None
        return FORBIDDEN if _among(token, other) else UNAUTHORIZED


class Origins:
    """Which `Origin` may open a socket or post events.

    Exact texts only. `*` lets every origin produce; viewing still takes one that is listed or the server's own.
    """

    def __init__(self, allowed: Sequence[str], own: Sequence[str]) -> None:
        self._any = "*" in allowed
        listed = [origin for origin in allowed if origin != "*"]
        self._listed = frozenset([*listed, *own] if self._any or not listed else listed)

    def may_open(self, origin: str | None) -> bool:
        """Whether a socket may be opened; the hello decides what it may do. No origin means no browser."""
        return origin is None or origin in self._listed or (self._any and origin != "null")

    def lets_in(self, origin: str | None, turn_away: Callable[[str], None]) -> bool:
        """`may_open`; `turn_away` is told the origin of a page that may not."""
        allowed = self.may_open(origin)
        if not allowed and origin is not None:
            turn_away(origin)
        return allowed

    def may_view(self, origin: str | None) -> bool:
        """Whether a viewer may come from there."""
        return origin is None or origin in self._listed


def _digest(key: str) -> bytes:
    return blake2b(key.encode(errors="surrogatepass")).digest()


def _among(token: str, digests: Sequence[bytes]) -> bool:
    mine = _digest(token)
    found = False
    for digest in digests:
        found |= hmac.compare_digest(mine, digest)
    return found
