"""Whether a window as published and as audited agree, within what its measures promise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gateway.audit.aggregates import Top
from gateway.audit.published import Live, Published
from gateway.audit.question import Answer, Place, Question, dims_of

__all__ = ["Compared", "Totals", "compare"]

ROUNDING: Final = 1e-9
"""Two sums of the same floats in different orders."""
QUANTILE: Final = 0.01
SIGMAS: Final = 4
"""Standard errors of an estimate that are taken for chance: one window in 16,000 is beyond."""
CUT: Final = 61
"""Bytes of a long text that the items of a top list keep at least."""


class Compared(NamedTuple):
    """One window."""

    dims: dict[str, Any]
    start: int
    end: int
    live: Any
    audited: Any
    difference: Any
    """Live less audited; None where one of them is no number and both are the same."""
    bound: float
    """Relative difference that the measures allow."""
    late: int
    kind: str
    """Of the live row; `missing`: there is none; `unfounded`: the log has no event of it."""
    agrees: bool


class Totals:
    """What there is to say about all of them."""

    def __init__(self) -> None:
        self.compared = self.differing = self.late = self.gone = self.coarse = self.open = 0

    def count(self, window: Compared) -> None:
        """One more."""
        self.compared += 1
        self.differing += not window.agrees
        self.late += window.late > 0


def compare(
    published: Published, audited: Mapping[Place, Answer], question: Question, since: int, totals: Totals
) -> Iterator[Compared]:
    """Window by window, in order of start, end and dims. `since`: what starts before is not wholly in the log.

    A window that the live side does not have is a difference only if it should have it: not while it is open, and not
    when it is older than all that is kept.
    """
    answers = {
        _identity(place[0], place[1], dims_of(place, question.by)): (place, answer) for place, answer in audited.items()
    }
    rows, gone, still_open = dict[tuple[Any, ...], Live](), set[tuple[Any, ...]](), set[tuple[Any, ...]]()
    for row in published.rows:
        if not question.spans.own(row.start, row.end):
            totals.coarse += 1
        elif row.start < since:
            gone.add(_identity(row.start, row.end, row.dims))
        elif row.kind == "partial" and not published.open_too:
            still_open.add(_identity(row.start, row.end, row.dims))
        elif row.kind != "retract":
            rows[_identity(row.start, row.end, row.dims)] = row
    oldest = min((row.start for row in rows.values()), default=math.inf)
    for identity in sorted(rows.keys() | answers.keys(), key=_order):
        row_, found = rows.get(identity), answers.get(identity)
        if row_ is None and identity in still_open:
            continue  # it has a row there, of which one does not know which events it holds
        if row_ is None and (identity[0] < oldest or identity[0] < since):
            gone.add(identity)
        elif row_ is None and (published.watermark is None or identity[1] > published.watermark):
            still_open.add(identity)
        else:
            window = _judge(row_, found, question)
            totals.count(window)
            yield window
    totals.gone, totals.open = len(gone), len(still_open)


def _order(identity: tuple[Any, ...]) -> tuple[int, int, str]:
    """By start, end and dims."""
    return identity[0], identity[1], repr(identity[2])


def _identity(start: int, end: int, dims: Mapping[str, Any]) -> tuple[Any, ...]:
    return start, end, tuple((type(v) is bool, type(v) is str, v) for v in dims.values())


def _judge(row: Live | None, found: tuple[Place, Answer] | None, question: Question) -> Compared:
    if found is None:
        assert row is not None
        return Compared(row.dims, row.start, row.end, row.value, None, None, 0.0, 0, "unfounded", False)
    place, answer = found
    dims, alone, value = dims_of(place, question.by), question.asked.alone, answer.value
    if isinstance(alone, Top):
        value = {"items": value["items"][: alone.size]}
    if row is None:
        return Compared(dims, *place[:2], None, value, None, 0.0, answer.late, "missing", False)
    error = row.error or 0.0
    bound = question.asked.quantiles * QUANTILE + SIGMAS * error
    if isinstance(alone, Top):
        difference, agrees = _items(row.value, answer.value["items"], alone.size)
    else:
        difference, agrees = _difference(row.value, value, bound, at_most=error >= 1)
    return Compared(dims, *place[:2], row.value, value, difference, bound, answer.late, row.kind, agrees)


def _difference(live: Any, audited: Any, bound: float, *, at_most: bool) -> tuple[Any, bool]:
    if isinstance(live, dict) and isinstance(audited, dict):
        # Of a funnel without room for all users its steps are too low, and times of others were not taken.
        asked = {name: value for name, value in audited.items() if not at_most or name == "steps"}
        parts = {name: _listed(live.get(name), value, at_most=at_most) for name, value in asked.items()}
        return {name: part for name, (part, _) in parts.items()}, all(agrees for _, agrees in parts.values())
    if not (_is_number(live) and _is_number(audited)):
        return None, live == audited and type(live) is type(audited)
    if at_most:
        return live - audited, live <= audited * (1 + ROUNDING)
    most = bound * (1 + ROUNDING) + ROUNDING
    return live - audited, math.isclose(live, audited, rel_tol=most, abs_tol=ROUNDING)


def _listed(live: Any, audited: Any, *, at_most: bool) -> tuple[Any, bool]:
    """The fields of a funnel or a retention: numbers, or lists of them."""
    if not isinstance(audited, list):
        return _difference(live, audited, 0.0, at_most=False)
    if not isinstance(live, list) or len(live) != len(audited):
        return None, False
    parts = [_difference(a, b, 0.0, at_most=at_most) for a, b in zip(live, audited, strict=True)]
    return [part for part, _ in parts], all(agrees for _, agrees in parts)


def _items(live: Mapping[str, Any], counts: list[list[Any]], size: int) -> tuple[Any, bool]:
    """Top lists: items with counts, or with bounds that the count has to lie in; `counts` are those of all values."""
    items, bounds = live["items"], live.get("bounds")
    found = [_count_of(name, counts) for name, _ in items]
    difference: list[list[Any]] = [[name, n - real] for (name, n), real in zip(items, found, strict=True) if n != real]
    if bounds is not None:
        return difference, all(low <= n <= high for n, (low, high) in zip(found, bounds, strict=True))
    best = counts[:size]
    same = len(items) == len(best) and all(
        a[1] == b[1] and _same_name(a[0], b[0]) for a, b in zip(items, best, strict=True)
    )
    # Of what should be in the live list and is not, nobody knows the live count.
    difference += [[name, None] for name, _ in best if not any(_same_name(live_name, name) for live_name, _ in items)]
    return difference, same


def _count_of(name: Any, counts: Iterable[list[Any]]) -> int:
    return next((n for other, n in counts if _same_name(name, other)), 0)


def _same_name(live: Any, audited: Any) -> bool:
    """Long texts are cut in a live list."""
    if type(live) is not str or type(audited) is not str:
        return bool(live == audited) and (type(live) is bool) == (type(audited) is bool)
    return live == audited or (len(live.encode()) >= CUT and audited.startswith(live))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
