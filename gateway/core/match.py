"""Which events a viewer of the live tail asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from analytics.dictionary import plain, typed_key
from gateway.wire.messages import Match

__all__ = ["Matcher"]

_WRITTEN_ONE_WAY: Final = re.compile(r"[ !#-.0-\[\]-~]+")
"""Texts that every JSON encoder writes the same way: no quote, backslash or slash, nothing beyond ASCII."""


class Matcher:
    """Judges events by a `match`.

    >>> matcher = Matcher(Match(event="buy", properties={"country": "DE"}))
    >>> matcher.takes({"event": "buy"}, {"country": "DE"}, "accepted", "")
    True
    """

    def __init__(self, match: Match) -> None:
        self._event = match.event
        self._user = match.distinct_id
        self.verdict = match.verdict
        self._reason = match.reason
        self._properties = {name: typed_key(plain(v)) for name, v in (match.properties or {}).items()}
        texts = [match.event, match.distinct_id, *(match.properties or {}).values()]
        # What stands in the text of each event that matches, or in what its connection said once.
        self._needles = [
            b'"%b"' % text.encode() for text in texts if isinstance(text, str) and _WRITTEN_ONE_WAY.fullmatch(text)
        ]
        # Costs of `may_take`, in passes over a text.
        self.passes = len(self._needles)

    def may_take(self, text: bytes, defaults: bytes) -> bool:
        """Whether a batch can hold such an event, judged on its bytes. About 0.1 us a KB for each text asked for."""
        return all(needle in text or needle in defaults for needle in self._needles)

    def takes(self, event: Mapping[str, Any], properties: Mapping[str, Any], outcome: str, reason: str) -> bool:
        """Whether an event is one of them. `event` and `properties` have what the connection said once as well."""
        if self.verdict is not None and self.verdict != outcome:
            return False
        if self._reason is not None and self._reason != reason:
            return False
        if self._event is not None and event.get("event") != self._event:
            return False
        if self._user is not None and event.get("distinct_id") != self._user:
            return False
        return all(typed_key(_shown(properties.get(name))) == value for name, value in self._properties.items())


def _shown(value: Any) -> Any:
    """A value as a person sees it: nested ones as their text."""
    if not isinstance(value, dict | list):
        return plain(value)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # nested deeper than orjson writes: equal to nothing
        return {}


def match_key(match: Match, max_rate: float) -> bytes:
    """Equal for subscriptions that get the same events."""
    body = [match.event, match.distinct_id, match.verdict, match.reason, match.properties, max_rate]
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
