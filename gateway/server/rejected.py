"""What `/v1/quarantine` says: rejected events by reason, what their senders can do, and the newest of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import orjson
from multidict import MultiMapping

from gateway.core.hints import hint
from gateway.core.redaction import Redaction
from gateway.server.reply import Reply, error, json_reply
from gateway.store import EventLog, Quarantined

__all__ = ["QuarantineQuery", "read_quarantine_query", "rejected_reply"]

MOST: Final = 100
USUAL: Final = 20
TEXT: Final = 2_000
"""Characters of an event's text in a sample."""
REASON: Final = 200


class QuarantineQuery(NamedTuple):
    """What is asked for."""

    reason: str | None
    limit: int


def read_quarantine_query(query: MultiMapping[str]) -> QuarantineQuery | Reply:
    """The parameters, or the answer that refuses them."""
    limit = query.get("limit", str(USUAL))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 9 and 0 <= int(limit) <= MOST):
        return error(400, "bad_limit")
    reason = query.get("reason") or None
    if reason is not None and len(reason) > REASON:
        return error(400, "bad_reason")
    return QuarantineQuery(reason, int(limit))


async def rejected_reply(
    log: EventLog, query: QuarantineQuery, redaction: Redaction, *, reasons: Iterable[str], show: bool
) -> Reply:
    """Counts of all reasons, and the newest samples, of one reason or of all.

    Reads the disk in a thread.

    Args:
        reasons: of verdicts that bring no event here, duplicates and warnings; they have hints too.
        show: whether samples have their texts.
    """
    counts = log.quarantine_counts()
    samples = await asyncio.to_thread(log.quarantined, query.limit, query.reason)
    body = {
        "counts": counts,
        "hints": {reason: hint(reason) for reason in sorted({*counts, *reasons})},
        "texts": show,
        "samples": [_sample(sample, redaction, show) for sample in samples],
    }
    return json_reply(200, orjson.dumps(body))


def _sample(sample: Quarantined, redaction: Redaction, show: bool) -> dict[str, Any]:
    text = redaction.text(sample.payload) if show else None
    shown = None if text is None else text[: TEXT * 4].decode("utf-8", "replace")[:TEXT]
    return {
        "id": sample.identity,
        "reason": sample.reason,
        "hint": hint(sample.reason),
        "received": sample.received_at,
        "producer": sample.source,
        "size": sample.size,
        "text": shown,
        "cut": shown is not None and len(shown.encode("utf-8", "replace")) < sample.size,
    }
