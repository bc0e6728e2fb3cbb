"""The engine's rows and the store's as one page: whole windows, one row for each identity."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from analytics import Changes, KpiSpec, Row
from gateway.core.chronicle import Chronicle, series_of
from gateway.server.kpirows import _Mine, merged
from gateway.store import Page, StoredRow

ROWS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc"), st.integers(0, 9)), max_size=12)


@given(ROWS, ROWS, st.integers(1, 5), st.one_of(st.none(), st.integers(0, 6)), st.one_of(st.none(), st.integers(0, 6)))
def test_a_merged_page_is_a_prefix_of_the_whole(
    old: list[tuple[int, str, int]], new: list[tuple[int, str, int]], limit: int, cut: int | None, stop: int | None
) -> None:
    """One row for each identity, the engine's where both have one; whole windows; and the right place to go on."""
    spec = KpiSpec(name="k", value="count(*)", by=("c",), window="sliding 5ms every 1ms")
    series = series_of(spec)

    def rows(said: list[tuple[int, str, int]]) -> list[Row]:
        latest = {(start, name): value for start, name, value in said}
        return [Row("k", {"c": name}, s, s + 5, value, "final", 0) for (s, name), value in sorted(latest.items())]

    mine = [row for row in rows(new) if cut is None or row.start < cut]
    stored = [row for row in rows(old) if stop is None or row.start < stop]
    lines = [
        StoredRow(row.start, 0, row.end, b'{"c":"%b"}' % row.dims["c"].encode(), b"[%d,1,0]" % row.value)
        for row in stored
    ]
    whole = {(row.start, row.dims["c"]): row for row in [*stored, *mine]}
    bound = min(([] if cut is None else [cut]) + ([] if stop is None else [stop]), default=None)
    expected = [whole[key] for key in sorted(whole) if bound is None or key[0] < bound]
    page = Page(lines, None if stop is None else (stop, 0), -(1 << 60))
    got, following = merged("k", series, _Mine(mine, None if cut is None else (cut, 0)), page, limit)
    assert got == expected[: len(got)]
    starts = [row.start for row in expected]
    if len(got) < len(expected):
        assert following == (starts[len(got)], 0)
        assert len(got) >= limit
        assert got[-1].start < starts[len(got)]
    else:
        assert following == (None if bound is None else (bound, 0))
    assert len(got) < limit or not got or sum(row.start < got[-1].start for row in got) < limit


def test_the_chronicle_and_the_page_speak_of_the_same_identity() -> None:
    """What goes to the store under a key comes back under the key that the engine's row has."""
    spec = KpiSpec(name="k", value="count(*)", by=("c",), window="tumbling 1s")
    chronicle = Chronicle([spec])
    row = Row("k", {"c": 'é"\u0001'}, 0, 1_000, 1, "final", 0)
    chronicle.take(Changes([row]))
    (part,) = chronicle.hand_over()
    (line,) = json.loads(part.rows)
    stored = StoredRow(line[2], line[3], line[5], line[4].encode(), line[6].encode())
    newer = row._replace(value=2, kind="correction", rev=1)
    assert merged("k", series_of(spec), _Mine([newer], None), Page([stored], None, -1), 10) == ([newer], None)
