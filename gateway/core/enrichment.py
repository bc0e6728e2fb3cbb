"""What is known of a sender without its saying it, below what it says; and both as the log keeps them.

Facts are properties such as `$country`, found once for a connection or a post. They rank last: what an event says
itself, then what its connection said once, then facts. They are logged beside the frames, so that a replay on another
day, with another database or none, counts the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import orjson

from gateway.errors import ProtocolError
from gateway.wire.fitted import fitted
from gateway.wire.messages import Defaults

__all__ = ["MAX_DEFAULTS", "NO_FACTS", "Facts", "enriched"]

Facts = Mapping[str, str | bool]
NO_FACTS: Final[Facts] = {}

MAX_DEFAULTS: Final = 8_192
"""Bytes of what a connection says once: it goes into each commit group, beside the credit."""
_BAD_MESSAGE: Final = 4000


def enriched(given: Defaults | None, facts: Facts) -> tuple[Defaults | None, bytes]:
    """What each event has where it says nothing, and its JSON for the log; (None, b"") when that is nothing.

    The JSON names what is from facts alone as `enriched`, for those who look at single events.

    Raises:
        ProtocolError: bad_message, when `given` is no JSON that can be written, or too large.
    """
    said = _said(given)
    try:
        text = fitted(orjson.dumps(said))
    except TypeError:  # an integer beyond 64 bits, or too deep
        raise ProtocolError("bad_message", _BAD_MESSAGE) from None
    if len(text) > MAX_DEFAULTS:
        raise ProtocolError("bad_message", _BAD_MESSAGE)
    own = given.properties if given is not None and given.properties else {}
    added = {name: value for name, value in facts.items() if name not in own}
    if not added:
        return (given, text) if said else (None, b"")
    properties = {**own, **added}
    text = fitted(orjson.dumps({**said, "properties": properties, "enriched": list(added)}))
    return msgspec.structs.replace(given or Defaults(), properties=properties), text


def _said(given: Defaults | None) -> dict[str, object]:
    if given is None:
        return {}
    names = ("distinct_id", "session_id", "properties")
    return {name: value for name in names if (value := getattr(given, name)) is not None}
