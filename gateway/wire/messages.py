"""What clients say, as structs that msgspec decodes and checks: the inbound half of protocol v1, a closed union.

What the server says is in `replies`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

__all__ = [
    "Auth",
    "BatchHead",
    "ClientMessage",
    "Defaults",
    "Epoch",
    "From",
    "Hello",
    "Match",
    "Pong",
    "ProducerClaim",
    "Resync",
    "Seq",
    "Subscribe",
    "Token",
    "Unsubscribe",
    "ViewerClaim",
    "Visibility",
]

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Sequence numbers stay below 2^53, so that JavaScript holds them exactly."""

Epoch = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Token = Annotated[str, msgspec.Meta(max_length=8_192)]
ShortId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
LongText = Annotated[str, msgspec.Meta(max_length=2_000)]


class ProducerClaim(msgspec.Struct, frozen=True):
    """Who a producer says it is: its id, the epoch it writes in, and its lowest sequence that is not acked."""

    id: ShortId
    epoch: Epoch = 1
    next_seq: Seq = 1


class Defaults(msgspec.Struct, frozen=True):
    """What each event of the connection has where it says nothing itself."""

    distinct_id: ShortId | None = None
    session_id: ShortId | None = None
    properties: dict[str, Any] | None = None


class ViewerClaim(msgspec.Struct, frozen=True):
    """A viewer's own id; by it the next `welcome` can say why the last connection was cut."""

    id: ShortId


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first message of either role."""

    v: int
    role: str
    token: Token
    producer: ProducerClaim | None = None
    sdk: dict[str, Any] | None = None
    defaults: Defaults | None = None
    viewer: ViewerClaim | None = None


class Auth(msgspec.Struct, frozen=True, tag="auth"):
    """Renews the token of an open connection."""

    token: Token


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """Answers a `ping`: `now` echoes the server's clock, `sent` is the client's."""

    now: int
    sent: float | None = None


class BatchHead(msgspec.Struct, frozen=True, tag="batch"):
    """A batch without its events."""

    seq: Seq
    sent_at: int | float | None = None
    backlog: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0


class From(msgspec.Struct, frozen=True):
    """Where a viewer left off."""

    epoch: str
    offset: Seq


class Match(msgspec.Struct, frozen=True):
    """Which events of the live tail: those with all that is given here."""

    event: ShortId | None = None
    distinct_id: ShortId | None = None
    verdict: Literal["accepted", "warn", "duplicate", "drop"] | None = None
    reason: ShortId | None = None
    properties: Annotated[dict[ShortId, LongText | float | bool | None], msgspec.Meta(max_length=16)] | None = None


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe", rename={"start": "from"}):
    """Asks for a KPI: a snapshot of the last `last` seconds, then deltas, at most `max_hz` a second.

    Or for a topic, which is no KPI: `events`, those that `match`, at most `max_rate` of them a second.
    """

    id: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    kpi: ShortId | None = None
    last: Annotated[float, msgspec.Meta(ge=0, le=1e9)] = 300
    max_hz: float = 4.0
    where: dict[str, str | float | bool | None] | None = None
    start: From | None = None
    topic: ShortId | None = None
    match: Match = Match()
    max_rate: Annotated[float, msgspec.Meta(ge=1, le=200)] = 50.0

    def __post_init__(self) -> None:
        """Either a KPI or a topic."""
        if (self.kpi is None) == (self.topic is None):
            raise ValueError("a subscription names a KPI or a topic")


class Unsubscribe(msgspec.Struct, frozen=True, tag="unsubscribe"):
    """Ends a subscription."""

    id: int


class Resync(msgspec.Struct, frozen=True, tag="resync"):
    """Asks for a new snapshot after a hole."""

    id: int


class Visibility(msgspec.Struct, frozen=True, tag="visibility"):
    """Whether anyone can see the viewer's page."""

    visible: bool


ClientMessage: TypeAlias = Hello | Auth | Pong | Subscribe | Unsubscribe | Resync | Visibility
"""All that a client may say, except its batches: see `codec.Batch`."""
