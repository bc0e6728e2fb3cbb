"""What the pure sessions want done or told: values that the fronts carry out in order."""

from __future__ import annotations

from typing import NamedTuple

from client_sdk.python.closecodes import Retry
from client_sdk.python.messages import Push

__all__ = ["Action", "Close", "Noticed", "Opened", "Pushed", "Refused", "Send", "Verdict", "ViewChanged"]


class Send(NamedTuple):
    """Send one text frame."""

    frame: bytes


class Close(NamedTuple):
    """End the connection; nothing else is to be sent on it. `retry` says what follows."""

    reason: str
    retry: Retry


class Opened(NamedTuple):
    """The server said welcome: the connection counts as healthy from now on."""


class Verdict(NamedTuple):
    """What became of one event, when it was not plainly accepted.

    `outcome` is `drop`, `duplicate` or `warn` by the server's word, or `expired` when this client gave the event up;
    `reason` is a stable slug.
    """

    uuid: str
    outcome: str
    reason: str


class Pushed(NamedTuple):
    """The server sent flags, experiment assignments or surveys."""

    message: Push


class Refused(NamedTuple):
    """The server answered `error` or `warn`: a fault of this client or of its configuration."""

    code: str


class Noticed(NamedTuple):
    """The server told a viewer how it is served: `conflated`, `drain`, or `evicted:` and why."""

    code: str


class ViewChanged(NamedTuple):
    """A subscription has news."""

    id: int


Action = Send | Close | Opened | Verdict | Pushed | Refused | Noticed | ViewChanged
