"""What became of a commit group: the verdicts that its producers are told."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from gateway.core.admission import Finding
from gateway.core.ledger import Ledger
from gateway.core.producer import Arrival
from gateway.wire.replies import WireVerdict

__all__ = ["Applied", "applied"]


class Applied(NamedTuple):
    """What became of a group."""

    verdicts: dict[int, tuple[WireVerdict, ...]]
    """Verdicts by place of the arrival in the group; arrivals without any are not there."""
    rejected: list[tuple[int, int, str]]
    """Dropped events: place of the arrival, index in its batch, reason."""


def applied(arrivals: Sequence[Arrival], starts: Sequence[int], findings: Sequence[Finding], ledger: Ledger) -> Applied:
    """What there is to say about a group whose arrivals begin at `starts`; `ledger` counts it."""
    verdicts: dict[int, list[WireVerdict]] = {}
    rejected = []
    settled: set[int] = set()
    # A drop outweighs a warning about the same event: each event has one place in the ledger.
    for finding in sorted(findings, key=lambda f: (f.place, f.outcome == "warn")):
        if finding.place in settled:
            continue
        settled.add(finding.place)
        ledger.find(finding.outcome, finding.reason)
        at = bisect_right(starts, finding.place) - 1
        nth = finding.place - starts[at]
        verdicts.setdefault(at, []).append(WireVerdict(arrivals[at].seq, nth, finding.outcome, finding.reason))
        if finding.outcome == "drop":
            rejected.append((at, nth, finding.reason))
    return Applied({at: tuple(list_) for at, list_ in verdicts.items()}, rejected)
