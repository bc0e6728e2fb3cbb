"""Conditions on rows: SQL over dimensions, and nothing else."""

from __future__ import annotations

import pytest

from analytics import Row
from analytics.definition import DefinitionError
from analytics.rowfilter import MAX_CONDITION, PART, NoDimensionError, RowFilter

BY = ["$browser", "mobile"]


def row(browser: object, mobile: object) -> Row:
    return Row("views", {"$browser": browser, "mobile": mobile}, 0, 1, 1, "final", 0)


ROWS = [row(browser, mobile) for browser in ("Chrome", "__other__", None, 3) for mobile in (True, False, None)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("\"$browser\" = 'Chrome'", [0, 1, 2]),
        ('"$browser" IS NULL AND mobile', [6]),
        ('"$browser" > 2', [9, 10, 11]),
        ("\"$browser\" LIKE 'Ch%' OR mobile IS TRUE", [0, 1, 2, 3, 6, 9]),
        ("\"$browser\" <> 'Chrome'", [3, 4, 5, 9, 10, 11]),
        ("\"$browser\" IN ('__other__', 'Chrome') AND NOT mobile", [1, 4]),
        ("CASE WHEN mobile THEN \"$browser\" = 'Chrome' ELSE FALSE END", [0]),
        ("NULL", []),
        ("TRUE", list(range(12))),
    ],
)
def test_rows_that_fulfil_it_are_kept(text: str, places: list[int]) -> None:
    """Three-valued logic: what is null is not true."""
    assert RowFilter(text, BY).keep(ROWS) == [ROWS[place] for place in places]


@pytest.mark.parametrize("text", ["event = 'x'", "timestamp > 4", "CASE WHEN other THEN TRUE END", 'mobile AND "dims"'])
def test_what_is_no_dimension_is_refused(text: str) -> None:
    """Also where it stands deep inside."""
    with pytest.raises(NoDimensionError, match="is no dimension"):
        RowFilter(text, BY)


@pytest.mark.parametrize(
    "text",
    ["", "mobile mobile", "count(*) > 1", "mobile; DROP TABLE x", "(SELECT 1)", "'text'", "("*900 + "mobile" + ")"*900],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str) -> None:
    """Whatever it is, as a condition of a definition would be."""
    with pytest.raises(DefinitionError):
        RowFilter(text, BY)


def test_a_condition_is_bounded() -> None:
    """So is the time that reading it takes."""
    text = "mobile" + " OR mobile" * (MAX_CONDITION // 10)
    with pytest.raises(DefinitionError, match="at most 2000 characters"):
        RowFilter(text, BY)


def test_many_rows_are_looked_at_in_parts() -> None:
    """The parts are one result, in order."""
    many = [row("Chrome" if i % 3 else None, i) for i in range(2 * PART + 5)]
    kept = RowFilter('"$browser" IS NULL', BY).keep(many)
    assert [row.dims["mobile"] for row in kept] == list(range(0, len(many), 3))
    assert RowFilter("TRUE", BY).keep([]) == []
