"""A view equals the server's rows after any mix of snapshots and deltas, and never bridges a hole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_sdk.python.messages import Delta, Origin, Row, Snapshot
from client_sdk.python.view import Outcome, View


def row(start: int, value: Any = 1, *, country: str = "DE", kind: str = "partial", end: int | None = None) -> Row:
    return Row(dims={"country": country}, start=start, end=end or start + 60, value=value, kind=kind, rev=0)


def snapshot(offset: int, *rows: Row, window: str = "tumbling 1m", **more: Any) -> Snapshot:
    return Snapshot(id=1, epoch="e", offset=offset, meta={"window": window}, watermark=0, rows=list(rows), **more)


def delta(prev: int, offset: int, *put: Row, gone: list[list[Any]] | None = None) -> Delta:
    return Delta(id=1, prev=prev, offset=offset, watermark=offset, put=list(put), gone=gone or [])


def view(last: int = 300) -> View:
    return View(1, "sales", last=last, max_hz=None, where=None)


def test_a_snapshot_is_the_whole_view() -> None:
    """It takes the place of what was there, and the change says so."""
    seen = view()
    seen.snapshot(snapshot(3, row(0), row(60)))
    seen.snapshot(snapshot(9, row(60, 5)))
    assert seen.rows == [row(60, 5)]
    change = seen.take()
    assert change is not None
    assert (change.rows, change.gone, change.fresh) == ((row(60, 5),), (), True)
    assert seen.take() is None


def test_deltas_follow_one_another() -> None:
    """Rows are upserted by start and dimensions, `del` takes them out, the watermark moves."""
    seen = view()
    seen.snapshot(snapshot(3, row(0), row(0, country="FR")))
    seen.take()
    assert seen.delta(delta(3, 4, row(0, 2), row(60, 1))) is Outcome.CHANGED
    assert seen.delta(delta(4, 9, row(60, 7), gone=[[{"country": "FR"}, 0]])) is Outcome.CHANGED
    assert seen.rows == [row(0, 2), row(60, 7)]
    change = seen.take()
    assert change is not None
    assert (change.rows, change.gone, change.fresh) == ((row(0, 2), row(60, 7)), (row(0, country="FR"),), False)
    assert seen.watermark == 9
    assert seen.origin == Origin("e", 9)


def test_a_hole_is_not_bridged() -> None:
    """Another `prev` asks for a snapshot once, and deltas are passed over until it comes."""
    seen = view()
    seen.snapshot(snapshot(3, row(0)))
    assert seen.delta(delta(4, 5, row(0, 9))) is Outcome.RESYNC
    assert seen.delta(delta(5, 6, row(0, 9))) is Outcome.NOTHING
    assert seen.delta(delta(3, 6, row(0, 9))) is Outcome.NOTHING
    assert seen.rows == [row(0)]
    seen.snapshot(snapshot(6, row(0, 9)))
    assert seen.delta(delta(6, 7, row(0, 10))) is Outcome.CHANGED


def test_a_delta_before_any_snapshot_asks_for_one() -> None:
    """Without a place to go on from there is nothing to change."""
    assert view().delta(delta(0, 1, row(0))) is Outcome.RESYNC


def test_a_repeated_head_is_harmless() -> None:
    """An empty delta at the head changes no row."""
    seen = view()
    seen.snapshot(snapshot(3, row(0)))
    assert seen.delta(delta(3, 3)) is Outcome.CHANGED
    assert seen.rows == [row(0)]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_parts_appear_at_once(order: tuple[int, ...]) -> None:
    """A snapshot in parts changes nothing until the last is there, in whatever order they come."""
    seen = view()
    for number in order[:-1]:
        assert seen.snapshot(snapshot(3, row(number * 60), part=number, parts=3)) is Outcome.NOTHING
        assert seen.rows == []
    assert seen.delta(delta(3, 4, row(0))) is Outcome.NOTHING
    assert seen.snapshot(snapshot(3, row(order[-1] * 60), part=order[-1], parts=3)) is Outcome.CHANGED
    assert [found.start for found in seen.rows] == [60, 120, 180]


def test_parts_of_an_older_snapshot_are_forgotten() -> None:
    """A new snapshot that begins before the old one was complete stands alone."""
    seen = view()
    seen.snapshot(snapshot(3, row(0), part=1, parts=2))
    seen.snapshot(snapshot(8, row(60), part=1, parts=2))
    seen.snapshot(snapshot(8, row(120), part=2, parts=2))
    assert [found.start for found in seen.rows] == [60, 120]


def test_a_retraction_takes_a_row_back() -> None:
    """`retract` is the end of a row, not a value."""
    seen = view()
    seen.snapshot(snapshot(3, row(0), row(60)))
    seen.delta(delta(3, 4, row(0, None, kind="retract")))
    assert seen.rows == [row(60)]


def test_cumulative_windows_are_told_apart_by_their_end() -> None:
    """They share the start of the day, so the end belongs to the identity."""
    seen = view(last=1_000)
    seen.snapshot(snapshot(3, row(0, 1, end=60), row(0, 2, end=120), window="cumulative 1d every 1m"))
    seen.delta(delta(3, 4, row(0, 5, end=120)))
    assert [found.value for found in seen.rows] == [1, 5]
    seen.delta(delta(4, 5, gone=[[{"country": "DE"}, 0, 60]]))
    assert [found.value for found in seen.rows] == [5]


def test_history_ends_where_it_was_asked_to() -> None:
    """Rows that ended more than `last` seconds before the newest are forgotten, and said to be gone."""
    seen = view(last=1)
    seen.snapshot(snapshot(3, row(0), row(500)))
    seen.take()
    seen.delta(delta(3, 4, row(1_000)))
    assert [found.start for found in seen.rows] == [500, 1_000]
    change = seen.take()
    assert change is not None
    assert change.gone == (row(0),)


def test_subscribing_again_goes_on_from_the_offset() -> None:
    """The first subscription asks for everything, a later one names epoch and offset."""
    seen = View(7, "sales", last=60, max_hz=2, where={"country": "DE"})
    assert seen.subscribe().origin is None
    seen.snapshot(snapshot(3))
    again = seen.subscribe()
    assert (again.id, again.kpi, again.last, again.max_hz, again.where) == (7, "sales", 60, 2, {"country": "DE"})
    assert again.origin == Origin("e", 3)


def test_a_refusal_is_news() -> None:
    """An error of the server is kept until a snapshot proves it wrong."""
    seen = view()
    seen.refuse("unknown_kpi")
    assert seen.error == "unknown_kpi"
    seen.snapshot(snapshot(1))
    assert seen.error is None


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["DE", "FR"]), st.integers(0, 9), st.booleans()), max_size=30
    ),
    st.integers(1, 5),
)
def test_conflation_changes_nothing_but_the_number_of_changes(
    steps: list[tuple[int, str, int, bool]], every: int
) -> None:
    """Whoever looks seldom and applies what `take` says holds the same rows as the view."""
    seen = view(last=10**6)
    seen.snapshot(snapshot(0))
    held: dict[tuple[int, str], Row] = {}
    for number, (start, country, value, gone) in enumerate(steps):
        if gone:
            seen.delta(delta(number, number + 1, gone=[[{"country": country}, start]]))
        else:
            seen.delta(delta(number, number + 1, row(start, value, country=country)))
        if number % every == 0 or number == len(steps) - 1:
            change = seen.take()
            assert change is not None
            for found in change.gone:
                del held[found.start, found.dims["country"]]
            for found in change.rows:
                held[found.start, found.dims["country"]] = found
    assert sorted(held.values(), key=lambda found: (found.start, found.dims["country"])) == seen.rows
