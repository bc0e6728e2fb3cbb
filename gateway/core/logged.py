"""A KPI set over the event log of a gateway: what it took, when and from whom, once more and exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from analytics import Batch
from gateway.core.catchup import EVENTS, groups
from gateway.core.fold import Fold
from gateway.core.replay import Replay

__all__ = ["Span", "replay_log"]

Span = tuple[int | None, int | None]
"""Event times [start, end); None is open."""


def replay_log(payloads: Iterable[bytes], fold: Fold, replay: Replay, span: Span = (None, None)) -> Iterator[bytes]:
    """Lines for each few thousand events of the log that bring some; then the rest.

    Event times, receive times, sources and verdicts are those that the gateway worked with, so what it published as
    final is final here, with the corrections one by one. `fold` is new and exact, and `replay` has its engine.
    """
    for group in groups(fold, payloads, 0 if replay.partial else EVENTS):
        admitted = fold.admit(group.arrivals)
        kinds = Counter(finding.outcome for finding in admitted.findings)
        batch, outside = _within(admitted.batch, span)
        counts = replay.counts
        counts.events += batch.n
        counts.duplicates += kinds["duplicate"]
        counts.rejected += kinds["drop"]
        counts.outside += outside
        yield from replay.take(batch, group.now, group.moments)
        fold.trim()
    yield from replay.finish()


def _within(batch: Batch, span: Span) -> tuple[Batch, int]:
    """The batch with events outside the span marked as skipped, and how many those are."""
    start, end = span
    skip = np.zeros(batch.n, np.bool_) if batch.skip is None else batch.skip
    outside = np.zeros(batch.n, np.bool_)
    if start is not None:
        outside |= batch.timestamp < start
    if end is not None:
        outside |= batch.timestamp >= end
    outside &= ~skip
    count = int(np.count_nonzero(outside))
    return (replace(batch, skip=skip | outside), count) if count else (batch, 0)
