"""Rows, verdicts and changes: what their readers rely on."""

from __future__ import annotations

import pytest

from analytics.row import Changes, Row, Verdict


def test_row_is_exact_and_has_no_keys_unless_told() -> None:
    """Without further notice a value is exact and stands for its own key only."""
    row = Row("k", {"city": "Bonn"}, 0, 60, 3, "partial", 0)
    assert (row.error, row.keys) == (None, None)
    assert row == ("k", {"city": "Bonn"}, 0, 60, 3, "partial", 0, None, None)


def test_correction_differs_from_its_final_only_in_value_kind_and_rev() -> None:
    """A replaced row keeps its identity and leaves the first one alone."""
    final = Row("k", {}, 0, 60, 3, "final", 0)
    correction = final._replace(value=4, kind="correction", rev=1)
    assert (correction.kpi, correction.dims, correction.start) == (final.kpi, final.dims, final.start)
    assert (final.value, final.rev, correction.value, correction.rev) == (3, 0, 4, 1)


def test_verdict_index_is_the_position() -> None:
    """The field `index` hides the method of tuples."""
    verdict = Verdict(7, "drop", "late")
    assert verdict.index == 7
    assert tuple(verdict) == (7, "drop", "late")


def test_changes_do_not_share_their_lists() -> None:
    """Each new set of changes begins empty."""
    first, second = Changes(), Changes()
    first.rows.append(Row("k", {}, 0, 60, 3, "final", 0))
    first.watermark["k"] = 60
    assert (second.rows, second.watermark) == ([], {})


def test_changes_take_no_other_attributes() -> None:
    """A misspelt field of the changes is an error, not a new attribute."""
    with pytest.raises(AttributeError):
        setattr(Changes(), "row", [])  # noqa: B010
