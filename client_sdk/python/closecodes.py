"""The WebSocket close codes of the protocol and what a client does after each.

This is the client's own copy of the server's table; a contract test holds the two together.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

__all__ = ["CLOSE_CODES", "CloseCode", "Retry", "retry_rule"]


class Retry(Enum):
    """What follows a close."""

    NEVER = "never"
    BACKOFF = "backoff"
    NOW = "now"


class CloseCode(NamedTuple):
    """One row: the number on the wire, its meaning, and the rule."""

    number: int
    reason: str
    retry: Retry


CLOSE_CODES: dict[int, CloseCode] = {
    row.number: row
    for row in (
        CloseCode(1001, "going away", Retry.BACKOFF),
        CloseCode(1002, "protocol error", Retry.BACKOFF),
        CloseCode(1003, "unsupported data", Retry.NEVER),
        CloseCode(1007, "invalid text", Retry.BACKOFF),
        CloseCode(1008, "policy", Retry.BACKOFF),
        CloseCode(1009, "message too big", Retry.BACKOFF),
        CloseCode(1011, "internal error", Retry.BACKOFF),
        CloseCode(1012, "service restart", Retry.BACKOFF),
        CloseCode(1013, "try again later", Retry.BACKOFF),
        CloseCode(4000, "bad message", Retry.NEVER),
        CloseCode(4001, "unauthorized", Retry.NEVER),
        CloseCode(4003, "forbidden", Retry.NEVER),
        CloseCode(4006, "version not supported", Retry.NEVER),
        CloseCode(4009, "fenced by a newer connection", Retry.NEVER),
        CloseCode(4100, "too slow", Retry.BACKOFF),
        CloseCode(4101, "beyond credit", Retry.BACKOFF),
        CloseCode(4102, "rate limited", Retry.BACKOFF),
        CloseCode(4103, "heartbeat missed", Retry.BACKOFF),
        CloseCode(4108, "hello timeout", Retry.BACKOFF),
        CloseCode(4200, "rebalance", Retry.NOW),
        CloseCode(4201, "token expired", Retry.NOW),
    )
}
"""Number -> its row."""


def retry_rule(code: int) -> Retry:
    """The rule after a close with `code`.

    A number that the table lacks follows its hundred, so that codes of a newer server are understood:
    40xx never, 42xx at once, everything else (1006, no close frame at all, among it) with back-off.

    >>> retry_rule(4009), retry_rule(4217), retry_rule(1006)
    (<Retry.NEVER: 'never'>, <Retry.NOW: 'now'>, <Retry.BACKOFF: 'backoff'>)
    """
    row = CLOSE_CODES.get(code)
    if row is not None:
        return row.retry
    return {40: Retry.NEVER, 42: Retry.NOW}.get(code // 100, Retry.BACKOFF)
