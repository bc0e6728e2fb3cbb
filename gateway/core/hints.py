"""What to do about an event that was not plainly accepted: one sentence for each reason, for whoever sends it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["HINTS", "hint"]

HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bad_json": "The event's text is no JSON: NaN, Infinity, a number beyond a double or a lone surrogate. "
        "Write such values as null or as text; JSON.stringify does.",
        "too_deep": "The event nests too deep (limits.max_depth in the welcome). Flatten it: KPIs read top-level "
        "properties only.",
        "nul": "A name holds a NUL character (\\u0000). Remove it before sending.",
        "too_large": "A text property is over max_property (64 KiB). Send a shorter one, or a reference to it.",
        "event_name": "The event's name is empty or longer than 200 characters. Use a short fixed name and put what "
        "varies into properties.",
        "bad_code": "An index of a columnar batch points at no entry of its dictionary: it must be -1 (absent) or "
        "below the number of entries.",
        "schema:event": "The event is no object, or its name `event` is missing or no text.",
        "schema:timestamp": "`timestamp` is neither epoch milliseconds nor ISO 8601. Leave it out to take the time of "
        "receipt.",
        "schema:uuid": "`uuid` must be a text of 1 to 200 characters. Leave it out and the SDK makes one.",
        "schema:distinct_id": "`distinct_id` must be a text of 1 to 200 characters: write a numeric id as text.",
        "schema:session_id": "`session_id` must be a text of 1 to 200 characters.",
        "schema:window_id": "`window_id` must be a text of 1 to 200 characters.",
        "schema:properties": "`properties` must be an object.",
        "late": "The event is older than the KPIs still take (delay and grace of each). Send sooner, or give the KPIs "
        "a longer grace.",
        "uuid": "An event with this uuid was counted before: a repeat after a lost ack is normal, a steady stream of "
        "them means that two events share an id.",
        "clamped": "The time was more than 48 hours before or 5 minutes after receipt and was moved to that bound: "
        "check the sender's clock and its unit (milliseconds).",
        "number_range": "A number is beyond 64 bits and was read as a float. Send large ids as text.",
    }
)
"""Reason -> what its sender can do. Those of a schema that names no field of ours share `_FIELD`."""

_FIELD: Final = "The field has another type than its schema asks for. Compare what is sent with the protocol's table."
_UNKNOWN: Final = "No hint is known for this reason; the protocol's table of reasons may say more."


def hint(reason: str) -> str:
    """What the sender of an event with this reason can do.

    >>> hint("schema:price")
    'The field has another type than its schema asks for. Compare what is sent with the protocol's table.'
    """
    found = HINTS.get(reason)
    return found or (_FIELD if reason.startswith("schema:") else _UNKNOWN)
