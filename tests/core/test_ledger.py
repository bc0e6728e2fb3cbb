"""The account closes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.ledger import Ledger


@given(st.lists(st.sampled_from(["drop", "duplicate", "warn", "ok"]), max_size=40))
def test_sent_is_the_sum(outcomes: list[str]) -> None:
    """Every event has one place; a warning is still accepted; bytes bring it all back."""
    ledger = Ledger()
    ledger.count(1, len(outcomes))
    for outcome in outcomes:
        if outcome != "ok":
            ledger.find(outcome, f"because-{outcome}")
    assert ledger.as_dict() == {
        "sent": len(outcomes),
        "accepted": outcomes.count("ok") + outcomes.count("warn"),
        "duplicate": outcomes.count("duplicate"),
        "rejected": outcomes.count("drop"),
        "warned": outcomes.count("warn"),
    }
    other = Ledger()
    other.load(ledger.to_bytes())
    assert (other.as_dict(), other.reasons, other.batches) == (ledger.as_dict(), ledger.reasons, 1)
