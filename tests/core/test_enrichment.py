"""What a connection said and what is known of it, as one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.core.enrichment import MAX_DEFAULTS, Facts, enriched
from gateway.errors import ProtocolError
from gateway.wire.messages import Defaults

FACTS: Facts = {"$country": "DE", "$is_bot": False}


def test_facts_rank_below_what_is_said() -> None:
    """Each where nothing is said; and the log knows which came from facts."""
    given = Defaults("u1", None, {"$country": "FR", "plan": "pro"})
    defaults, text = enriched(given, FACTS)
    assert defaults == Defaults("u1", None, {"$country": "FR", "plan": "pro", "$is_bot": False})
    assert orjson.loads(text) == {
        "distinct_id": "u1",
        "properties": {"$country": "FR", "plan": "pro", "$is_bot": False},
        "enriched": ["$is_bot"],
    }


def test_facts_alone_are_defaults() -> None:
    """Also of those who say nothing once."""
    defaults, text = enriched(None, FACTS)
    assert defaults == Defaults(properties=dict(FACTS))
    assert orjson.loads(text) == {"properties": FACTS, "enriched": ["$country", "$is_bot"]}


@pytest.mark.parametrize("given", [None, Defaults()])
def test_nothing_said_and_nothing_known_is_nothing(given: Defaults | None) -> None:
    """No bytes in the log."""
    assert enriched(given, {}) == (None, b"")


def test_without_facts_the_log_has_what_was_said() -> None:
    """Byte for byte as before there were facts."""
    given = Defaults("u1", "s1", {"a": 1})
    assert enriched(given, {}) == (given, b'{"distinct_id":"u1","session_id":"s1","properties":{"a":1}}')
    assert enriched(given, {"a": "no news"}) == enriched(given, {})


@pytest.mark.parametrize("properties", [{"a": 1 << 70}, {"a": "x" * MAX_DEFAULTS}])
def test_what_cannot_be_kept_is_refused(properties: dict[str, Any]) -> None:
    """Numbers that no JSON reader takes, and more than goes into each commit group."""
    with pytest.raises(ProtocolError, match="bad_message"):
        enriched(Defaults(properties=properties), FACTS)
