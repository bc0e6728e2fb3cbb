"""Whether two values agree."""

from __future__ import annotations

from typing import Any

import pytest

from analytics import KpiSpec
from gateway.audit.published import Live, Published
from gateway.audit.question import Answer, Place, Question
from gateway.audit.verdict import Compared, Totals, compare

SOME: Place = (0, 1_000, ())


def judged(value: str, live: Any, audited: Any, error: float | None = None) -> Compared:
    """The verdict on one window."""
    question = Question(KpiSpec("k", value, "tumbling 1s"), on_time=False)
    published = Published([Live({}, 0, 1_000, live, "final", 0, error)], 2_000, open_too=True)
    (window,) = compare(published, {SOME: Answer(audited, 3, 0)}, question, -(1 << 62), Totals())
    return window


@pytest.mark.parametrize(
    ("value", "live", "audited", "error", "agrees"),
    [
        ("count(*)", 5, 5.0, None, True),
        ("count(*)", 5, 4, None, False),
        ("sum(x)", 0.1 + 0.2, 0.3, None, True),
        ("sum(x)", 1e15, 1e15 + 1, None, True),
        ("sum(x)", None, None, None, True),
        ("sum(x)", 0, None, None, False),
        ("quantile(x, 0.5)", 99.0, 100.0, None, True),
        ("quantile(x, 0.5)", -98.9, -100.0, None, False),
        ("quantile(x, 0.5) / count(*)", 99.0, 100.0, None, True),
        ("uniq(x)", 1_000, 1_060, 0.016, True),
        ("uniq(x)", 1_000, 1_080, 0.016, False),
        ("uniq(x)", 1_000, 1_001, None, False),
        ("uniq(x)", 10, 99, 1.0, True),
        ("uniq(x)", 100, 99, 1.0, False),
        ("top(x, 2)", {"items": [["a", 3], ["b", 1]]}, {"items": [["a", 3], ["b", 1], ["c", 1]]}, None, True),
        ("top(x, 2)", {"items": [["a", 3], ["c", 1]]}, {"items": [["a", 3], ["b", 1], ["c", 1]]}, None, False),
        ("top(x, 2)", {"items": [["a", 3]]}, {"items": [["a", 3], ["b", 1]]}, None, False),
        ("top(x, 2)", {"items": [[1, 3]]}, {"items": [[True, 3]]}, None, False),
        ("top(x, 1)", {"items": [["a", 3]], "bounds": [[3, 5]]}, {"items": [["b", 6], ["a", 5]]}, None, True),
        ("top(x, 1)", {"items": [["a", 3]], "bounds": [[3, 5]]}, {"items": [["a", 6]]}, None, False),
        ("top(x, 1)", {"items": [["a" * 64, 3]]}, {"items": [["a" * 90, 3]]}, None, True),
        ("funnel(a, b, within => '1s')", {"steps": [3, 1]}, {"steps": [3, 1]}, None, True),
        ("funnel(a, b, within => '1s')", {"steps": [3, 1]}, {"steps": [3, 2]}, None, False),
        ("funnel(a, b, within => '1s')", {"steps": [3]}, {"steps": [3, 2]}, None, False),
        ("funnel(a, b, within => '1s')", {"steps": [3, 1]}, {"steps": [9, 1]}, 1.0, True),
        ("funnel(a, b, within => '1s')", {"steps": [3, 2]}, {"steps": [9, 1]}, 1.0, False),
        ("funnel(a, b, times => TRUE)", {"steps": [3], "seconds": [2.0]}, {"steps": [9], "seconds": [1.0]}, 1.0, True),
        (
            "funnel(a, b, times => TRUE)",
            {"steps": [9], "seconds": [2.0]},
            {"steps": [9], "seconds": [1.0]},
            None,
            False,
        ),
    ],
)
def test_values_agree_within_what_is_promised(
    value: str, live: Any, audited: Any, error: float | None, agrees: bool
) -> None:
    """1 % for a quantile, four standard errors for an estimated count, bounds for a list, and else nothing."""
    assert judged(value, live, audited, error).agrees is agrees


def test_differences_are_live_less_audited() -> None:
    """Of numbers, and of each number in a list."""
    assert judged("count(*)", 5, 7).difference == -2
    found = judged("funnel(a, b, within => '1s')", {"steps": [3, 1]}, {"steps": [3, 2]})
    assert found.difference == {"steps": [0, -1]}
    assert judged("top(x, 1)", {"items": [["a", 3]]}, {"items": [["a", 5]]}).difference == [["a", -2]]
    found = judged("top(x, 1)", {"items": [["a", 3]]}, {"items": [["b", 4], ["a", 3]]})
    assert (found.difference, found.agrees) == ([["b", None]], False)


def test_windows_that_only_one_side_has() -> None:
    """A difference, unless the window is open, or older than what the live side keeps or the log holds."""
    question = Question(KpiSpec("k", "count(*)", "tumbling 1s"), on_time=False)
    rows = [Live({}, start, start + 1_000, 1, "final", 0) for start in (2_000, 3_000)]
    rows += [Live({}, 0, 60_000, 9, "final", 0), Live({}, 9_000, 10_000, 1, "partial", 0)]
    audited: dict[Place, Answer] = {
        (start, start + 1_000, ()): Answer(1, 1, 0) for start in (0, 1_000, 2_000, 4_000, 8_000)
    }
    totals = Totals()
    windows = list(compare(Published(rows, 5_000, open_too=False), audited, question, 1_500, totals))
    assert [(w.start, w.kind, w.agrees) for w in windows] == [
        (2_000, "final", True),
        (3_000, "unfounded", False),
        (4_000, "missing", False),
    ]
    assert (totals.compared, totals.differing, totals.gone, totals.coarse, totals.open) == (3, 2, 2, 1, 2)


def test_a_window_that_is_open_on_both_sides_is_counted_once() -> None:
    """As open, also when the live side has no final one: it is not older than what is kept."""
    question = Question(KpiSpec("k", "count(*)", "tumbling 1s"), on_time=False)
    totals = Totals()
    rows = [Live({}, 9_000, 10_000, 1, "partial", 0)]
    audited: dict[Place, Answer] = {(start, start + 1_000, ()): Answer(1, 1, 0) for start in (5_000, 9_000)}
    published = Published(rows, 9_500, open_too=False)
    assert list(compare(published, audited, question, 0, totals)) == []
    assert (totals.compared, totals.gone, totals.open) == (0, 1, 1)
