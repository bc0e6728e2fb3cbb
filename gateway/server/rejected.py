"""What `/v1/quarantine` says: rejected events by reason, what their senders can do, and the newest of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import orjson
import structlog
from multidict import MultiMapping

from gateway.core.hints import hint
from gateway.core.letter import letter_of, to_line
from gateway.core.redaction import Redaction
from gateway.server.reply import Reply, error, json_reply
from gateway.store import EventLog, Quarantined

__all__ = [
    "ExportQuery",
    "QuarantineQuery",
    "export_reply",
    "read_export_query",
    "read_quarantine_query",
    "rejected_reply",
]

MOST: Final = 100
USUAL: Final = 20
TEXT: Final = 2_000
"""Characters of an event's text in a sample."""
REASON: Final = 200
EXPORTED: Final = 200
"""Events in one page of an export: each is at most 16 KiB, and as much of defaults."""
NDJSON: Final = "application/x-ndjson; charset=utf-8"


_log = structlog.get_logger("tidegate")


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


class ExportQuery(NamedTuple):
    """Which page of which export."""

    reason: str | None
    after: int


def read_export_query(query: MultiMapping[str]) -> ExportQuery | Reply:
    """The parameters, or the answer that refuses them."""
    after = query.get("after", "0")
    if not (after.isascii() and after.isdecimal() and len(after) < 19):
        return error(400, "bad_after")
    reason = query.get("reason") or None
    if reason is not None and len(reason) > REASON:
        return error(400, "bad_reason")
    return ExportQuery(reason, int(after))


async def export_reply(log: EventLog, query: ExportQuery, redaction: Redaction, *, show: bool) -> Reply:
    """A page of what is kept as lines that `tidegate quarantine replay` takes, oldest first. Reads in a thread.

    Args:
        show: whether the texts of events may be seen.
    """
    if not show:
        return error(403, "texts_off")
    rows = await asyncio.to_thread(log.quarantined, EXPORTED, query.reason, query.after)
    headers = {"Tidegate-Next": str(rows[-1].identity)} if len(rows) == EXPORTED else {}
    lines = b"".join(to_line(letter_of(row).redacted(redaction)) for row in rows)
    _log.info("quarantine_exported", events=len(rows), reason=query.reason, after=query.after)
    return Reply(200, lines, NDJSON, headers)


async def rejected_reply(
    log: EventLog, query: QuarantineQuery, redaction: Redaction, *, reasons: Iterable[str], show: bool
) -> Reply:
    """Counts of all reasons, and the newest samples, of one reason or of all.

    Reads the disk in a thread.

    Args:
        reasons: of verdicts that bring no event here, duplicates and warnings; they have hints too.
        show: whether samples have their texts.
    """
    samples = await asyncio.to_thread(log.quarantined, query.limit, query.reason)
    counts = log.quarantine_counts()  # behind the samples, so that each of them is counted
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
