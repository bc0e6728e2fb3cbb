"""Events in Segment's spelling, as its libraries and RudderStack's send them, in ours.

Source of the names: the Segment specification (common fields, track, page, screen, identify, group, alias).
"""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["from_segment", "is_segment"]

_MARKS = (b'"messageId"', b'"anonymousId"', b'"userId"', b'"originalTimestamp"')

_NAMES = {
    "page": "$pageview",
    "screen": "$screen",
    "identify": "$identify",
    "group": "$groupidentify",
    "alias": "$create_alias",
}

_PAGE = {"path": "$pathname", "url": "$current_url", "referrer": "$referrer", "title": "$title"}


def is_segment(text: bytes) -> bool:
    """Whether the text of an event may be in Segment's spelling. Four searches, no parsing."""
    return any(mark in text for mark in _MARKS)


def from_segment(text: bytes) -> bytes:
    """The event in our spelling; the text as it is when it is not an object of Segment's shape."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    if not isinstance(given, dict) or not isinstance(given.get("type", "track"), str):
        return text
    kind = given.get("type", "track")
    event: dict[str, Any] = {"event": given.get("event") if kind == "track" else _NAMES.get(kind, kind)}
    for ours, theirs in (("uuid", "messageId"), ("timestamp", "originalTimestamp")):
        value = given.get(ours, given.get(theirs))
        if value is not None:
            event[ours] = value
    who = given.get("userId") or given.get("anonymousId") or given.get("distinct_id")
    if who is not None:
        event["distinct_id"] = who
    event["properties"] = _properties(given, kind)
    return orjson.dumps(event)


def _properties(given: dict[str, Any], kind: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    context = given.get("context")
    if isinstance(context, dict):
        page = context.get("page")
        if isinstance(page, dict):
            properties |= {ours: page[theirs] for theirs, ours in _PAGE.items() if theirs in page}
        library = context.get("library")
        if isinstance(library, dict):
            properties |= {
                f"$lib{end}": library[name] for name, end in (("name", ""), ("version", "_version")) if name in library
            }
    own = given.get("properties")
    if isinstance(own, dict):
        properties |= own
        if kind == "page":
            properties |= {ours: own[theirs] for theirs, ours in _PAGE.items() if theirs in own}
    traits = given.get("traits")
    if isinstance(traits, dict):
        properties["$set"] = traits
    return properties
