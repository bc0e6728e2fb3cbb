"""Finds facts about a browser that connects or posts: where it is and what it is, if the settings ask for that."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import structlog

from gateway.config import Config
from gateway.core.enrichment import NO_FACTS, Facts
from gateway.errors import ConfigError
from gateway.wire.encoding import Encoding

if TYPE_CHECKING:
    from gateway.server.geo import Countries

__all__ = ["Enricher", "Sender"]

_log = structlog.get_logger("tidegate.enricher")


class Sender(NamedTuple):
    """Who opened a socket, as its first request tells."""

    address: str
    """The client's own where a trusted proxy said it."""
    origin: str | None = None
    agent: str | None = None
    encoding: Encoding | None = None
    """Of the subprotocol it speaks; None for JSON."""


class Enricher:
    """What is looked up, by the settings; nothing unless they say so.

    Only browsers are looked at, which send an `Origin`. A backend that tells what its users did has its own address
    and its own agent, and neither says anything about them.

    Raises:
        ConfigError: geo_db names no readable database.
    """

    def __init__(self, config: Config) -> None:
        self._geo_db = config.geo_db
        # Loaded only when asked for: its patterns are 33 MB.
        self._agents = import_module("gateway.server.agents").agent_facts if config.parse_agents else None
        try:
            self._countries = _opened(self._geo_db) if self._geo_db else None
        except ValueError as error:
            raise ConfigError("geo_db", str(error)) from None

    def facts(self, sender: Sender) -> Facts:
        """What is known of a sender. A few microseconds."""
        if sender.origin is None:
            return NO_FACTS
        facts: dict[str, str | bool] = {}
        if self._countries is not None and (country := self._countries.country(sender.address)):
            facts["$country"] = country
        if self._agents is not None and sender.agent:
            facts.update(self._agents(sender.agent))
        return facts

    def reload(self) -> None:
        """Open the database as it is now; one that cannot be read leaves the old one in use."""
        if self._countries is None:
            return
        try:
            countries = _opened(self._geo_db)
        except ValueError as error:
            _log.error("geo_db_unreadable", reason=str(error))
            return
        self._countries.close()
        self._countries = countries

    def close(self) -> None:
        """Let go of the database."""
        if self._countries is not None:
            self._countries.close()


def _opened(geo_db: str) -> Countries:
    # Loaded only when asked for, as the agents are.
    from gateway.server.geo import Countries

    return Countries(geo_db)
