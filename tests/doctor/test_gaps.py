"""Lost batches have names when the numbers around them do."""

from __future__ import annotations

from gateway.core.record import Entry
from gateway.doctor import gaps as gaps_module
from gateway.doctor.findings import Span
from gateway.doctor.gaps import Gaps


def entry(producer: str, seq: int, epoch: int = 1) -> Entry:
    """A batch of a row."""
    return Entry(producer, epoch, seq, 0, 0, -1, 0)


def test_a_jump_over_a_hole_names_what_was_in_it() -> None:
    """For each producer and epoch; one that goes on where it was lost nothing."""
    gaps = Gaps()
    gaps.take([entry("a", 1), entry("b", 7), entry("", 1)])
    gaps.hole()
    gaps.take([entry("a", 4), entry("b", 8), entry("", 9), entry("c", 5), entry("a", 2, epoch=2)])
    gaps.take([entry("a", 9)])  # a producer that was met anew: no hole lies between
    gaps.hole()
    gaps.take([entry("a", 11), entry("b", 3)])
    assert gaps.spans == [Span("a", 1, 2, 3), Span("a", 1, 10, 10)]


def test_their_number_is_bounded() -> None:
    """However many producers a hole has hit."""
    gaps = Gaps()
    gaps.take(entry(f"p{n}", 1) for n in range(gaps_module.MOST_SPANS + 5))
    gaps.hole()
    gaps.take(entry(f"p{n}", 3) for n in range(gaps_module.MOST_SPANS + 5))
    assert len(gaps.spans) == gaps_module.MOST_SPANS
