"""An audit on paper."""

from __future__ import annotations

import json

from gateway.audit.report import lines, summary, table
from gateway.audit.verdict import Compared, Totals

SAME = Compared({"page": "/a"}, 0, 1_000, 2, 2, 0, 0.0, 0, "final", True)
OTHER = Compared({"page": "\x1b[31m"}, -1, 500, 1 / 3, None, None, 0.0, 3, "unfounded", False)


def test_a_window_is_a_line_of_the_table() -> None:
    """With a word where it differs, and nothing in it that a terminal would obey."""
    head, *rows = (row.decode() for row in table([SAME, OTHER]))
    assert head.split() == ["start", "end", "dims", "live", "audited", "difference", "late"]
    assert rows[0].split() == ["1970-01-01T00:00:00.000", "1970-01-01T00:00:01.000", "/a", "2", "2", "0", "-"]
    assert rows[1].split()[2:] == ['"\\u001b[31m"', "0.333333333", "-", "-", "3", "unfounded"]
    assert rows[1].startswith("1969-12-31T23:59:59.999")


def test_a_window_is_a_line_of_json() -> None:
    """All that is known of it."""
    (line,) = lines("views", [SAME])
    assert json.loads(line) == {"kpi": "views"} | SAME._asdict()


def test_the_last_line_says_what_was_not_compared() -> None:
    """And notes."""
    totals = Totals()
    totals.count(SAME)
    totals.count(OTHER)
    totals.gone = 7
    assert summary("views", totals, ["one note"]) == (
        "views: 2 windows compared; 1 differ; 1 touched by late events; 7 older than what is kept; one note"
    )
