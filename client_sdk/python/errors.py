"""Every error the client raises on purpose.

ClientError
|- EventError      what `capture` was given cannot be sent as an event
|- MessageError    the server sent what the protocol does not know
|- StoppedError    the server closed for good; the same call would fail again
|- ClosedError     the client was closed
|- EncodingError   what is chosen for the messages is not installed here
|- SpoolError      the spool file cannot be used
`- SubscriptionError  the server refused a subscription
"""

from __future__ import annotations

__all__ = [
    "ClientError",
    "ClosedError",
    "EncodingError",
    "EventError",
    "MessageError",
    "SpoolError",
    "StoppedError",
    "SubscriptionError",
]


class ClientError(Exception):
    """Base of every error of the client."""


class EventError(ClientError, ValueError):
    """An event cannot be sent. `path` names the part at fault, such as `properties.cart[2].price`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class MessageError(ClientError):
    """A frame from the server is not a message of protocol version 1."""


class StoppedError(ClientError):
    """The server refused this client for good. `code` is the close code, `reason` the text that came with it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"stopped by the server: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class ClosedError(ClientError):
    """The client is closed, so the call can no longer be done."""


class EncodingError(ClientError):
    """The encoding needs a package that is not installed; the message names it."""


class SpoolError(ClientError):
    """The spool file is in use by another process, damaged, or belongs to another producer."""


class SubscriptionError(ClientError):
    """The server refused a subscription. `code` is its slug, such as `unknown_kpi`."""

    def __init__(self, kpi: str, code: str) -> None:
        super().__init__(f"{kpi}: {code}")
        self.kpi = kpi
        self.code = code
