"""Parameters of a query: read, or named when they are wrong."""

from __future__ import annotations

import pytest

from gateway.server.kpiquery import DEFAULT_ROWS, KpiQuery, read_query
from gateway.server.reply import Reply


def test_without_parameters_all_is_asked_for() -> None:
    """The first page of everything, as JSON."""
    assert read_query("k", {}) == KpiQuery("k", None, None, "json", None, DEFAULT_ROWS, None)


def test_each_parameter_has_its_place() -> None:
    """Times, format, condition, page."""
    words = {"from": "-1", "to": "2", "format": "csv", "where": "a", "limit": "7", "after": "-5.9", "columns": "all"}
    assert read_query("k", words) == KpiQuery("k", -1, 2, "csv", "a", 7, (-5, 9), whole=True)


@pytest.mark.parametrize("limit", ["", "0", "50001", "1.0", "-1", "1e2", "9" * 30, "\u0661"])
def test_a_wrong_limit_has_a_slug(limit: str) -> None:
    """A page has at least a row and at most 50,000."""
    refused = read_query("k", {"limit": limit})
    assert isinstance(refused, Reply)
    assert (refused.status, refused.body) == (400, b'{"error":"bad_limit"}')


def test_columns_are_all_or_those_of_every_row() -> None:
    """No other word chooses columns."""
    refused = read_query("k", {"columns": "error"})
    assert isinstance(refused, Reply)
    assert (refused.status, refused.body) == (400, b'{"error":"bad_columns"}')
