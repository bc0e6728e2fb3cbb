"""What producers are told of a group, and where it stands in the ledger."""

from __future__ import annotations

from gateway.core.admission import Finding
from gateway.core.applied import applied
from gateway.core.ledger import Ledger
from gateway.wire.replies import WireVerdict
from tests.core.simulation import new_fold
from tests.core.test_fold import arrivals_of, sale


def test_each_event_has_one_verdict_by_its_place_in_its_batch() -> None:
    """A drop outweighs a warning; arrivals without a verdict are not there; dropped events are named by place."""
    arrivals, ledger = arrivals_of(new_fold(), [sale("a", 1)] * 3, [sale("a", 1)], [sale("b", 2)] * 2), Ledger()
    ledger.count(3, 6)
    findings = [Finding(5, "warn", "late"), Finding(1, "warn", "late"), Finding(1, "drop", "old")]
    made = applied(arrivals, [0, 3, 4], findings, ledger)
    assert made.verdicts == {
        0: (WireVerdict(arrivals[0].seq, 1, "drop", "old"),),
        2: (WireVerdict(arrivals[2].seq, 1, "warn", "late"),),
    }
    assert made.rejected == [(0, 1, "old")]
    assert (ledger.as_dict()["rejected"], ledger.as_dict()["warned"], ledger.as_dict()["accepted"]) == (1, 1, 5)
