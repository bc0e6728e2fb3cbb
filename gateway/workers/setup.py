"""What a worker is told when it starts, and what it tells of itself: its counts."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.config import Config

__all__ = ["Counts", "Refused", "Setup", "Whom"]


class Setup(msgspec.Struct, frozen=True):
    """Settings, without the keys: tokens are judged by the analytics process."""

    link: str
    config: Config
    addresses: list[tuple[int, list[Any]]]
    """Where to listen: family and address of each socket."""
    port: int


class Whom(msgspec.Struct, frozen=True, array_like=True):
    """Who opened a WebSocket."""

    address: str
    origin: str | None
    agent: str | None
    subprotocol: str


class Refused(msgspec.Struct, frozen=True, array_like=True):
    """The gate said no."""

    status: int
    retry_after: int
    cause: str


class Counts(msgspec.Struct, array_like=True):
    """How a worker stands. All but the first group counts since it started."""

    rss: int = 0
    held: int = 0
    lingering: int = 0
    lag_ms: int = 0

    cuts: int = 0
    frames: int = 0
    received: int = 0
    refused: dict[int, int] = {}
    closes: dict[int, int] = {}
