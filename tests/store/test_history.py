"""Pages of KPI history: whole windows, and the finest resolution that is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.answers import opened
from tests.store.histories import EVER, asked, keep, line, lines, told

DAY = 86_400_000


def test_rows_come_back_as_they_were_kept(tmp_path: Path) -> None:
    """Texts of any kind, negative times and several series: each finds its own."""
    odd = line(-5_000, '["é\\u0000\\"",1,0]', dims='{"c":"\\ud83d\\ude00 \'; --"}')
    with opened(tmp_path) as log:
        keep(log, lines([odd, line(1_000)]), lines([line(1_000, "[9,1,0]")], series=78))
        assert told(log.history(asked())) == [(-5_000, -4_000, odd[3], odd[5]), (1_000, 2_000, "{}", "[1,1,0]")]
        assert told(log.history(asked(series=78))) == [(1_000, 2_000, "{}", "[9,1,0]")]
        assert told(log.history(asked(series=79))) == []


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(2_000, 4_000, [2_000, 3_000]), (2_001, 3_001, [2_000, 3_000]), (2_000, 2_000, []), (9_000, EVER, [])],
)
def test_windows_that_overlap_are_found(tmp_path: Path, start: int, end: int, found: list[int]) -> None:
    """Half-open on both sides, as windows are."""
    with opened(tmp_path) as log:
        keep(log, lines([line(second * 1_000) for second in range(6)]))
        page = log.history(asked(start=start, end=end, longest=1_000))
        assert [row.start for row in page.rows] == found


def test_pages_are_whole_windows(tmp_path: Path) -> None:
    """A page ends before a window that it has no room for, and holds a window that is larger than a page whole."""
    rows = [
        line(start, dims=f'{{"k":{key}}}') for start, keys in ((0, 2), (1_000, 5), (2_000, 1)) for key in range(keys)
    ]
    with opened(tmp_path) as log:
        keep(log, lines(rows))
        pages, after = [], (-EVER, 0)
        while True:
            page = log.history(asked(after=after, limit=3))
            pages.append([row.start for row in page.rows])
            if page.following is None:
                break
            after = page.following
        assert pages == [[0, 0], [1_000] * 5, [2_000]]


def test_windows_that_share_a_start_are_pages_of_their_own(tmp_path: Path) -> None:
    """Steps of a day are told apart by their end, also where a page begins."""
    rows = [line(0, dims=f'{{"k":{key}}}', ms=end, mark=end) for end in (10, 20, 30) for key in range(2)]
    with opened(tmp_path) as log:
        keep(log, lines(rows))
        first = log.history(asked(limit=3, nested=False))
        assert ([row.mark for row in first.rows], first.following) == ([10, 10], (0, 20))
        rest = log.history(asked(after=(0, 20), nested=False))
        assert ([row.mark for row in rest.rows], rest.following) == ([20, 20, 30, 30], None)
        one = log.history(asked(limit=1, nested=False))
        assert ([row.mark for row in one.rows], one.following) == ([10, 10], (0, 20))


def test_coarser_rows_stand_in_only_for_what_was_trimmed(tmp_path: Path) -> None:
    """Fine rows as long as all of a coarse window's are there; before that the coarse ones; no event in two rows."""
    now = 100 * DAY
    fine = [line(now - 25_000 + second * 1_000) for second in range(25)]
    middle = [line(now - 120_000 + ten * 10_000, level=1, ms=10_000) for ten in range(12)]
    coarse = [line(now - 180_000 + minute * 60_000, level=2, ms=60_000) for minute in range(3)]
    with opened(tmp_path, history_ms=(12_500, 60_000, 10**12)) as log:
        keep(log, lines([*fine, *middle, *coarse], now=now))
        page = log.history(asked())
        starts = [(now - row.start, row.end - row.start) for row in page.rows]
        assert starts[:2] == [(180_000, 60_000), (120_000, 60_000)]
        assert starts[2:7] == [(left, 10_000) for left in range(60_000, 10_000, -10_000)]
        assert starts[7:] == [(left, 1_000) for left in range(10_000, 0, -1_000)]
        assert page.finest_from == now - 10_000
        # Sliding windows are some of the same rows: all that are left are shown.
        assert len(log.history(asked(nested=False)).rows) == 12 + 7 + 3 - 1


def test_without_trimming_the_finest_rows_are_shown(tmp_path: Path) -> None:
    """Coarser windows are there as well, and stay out."""
    with opened(tmp_path) as log:
        keep(log, lines([line(7_000), line(0, level=1, ms=10_000)]))
        assert [row.end for row in log.history(asked()).rows] == [8_000]
