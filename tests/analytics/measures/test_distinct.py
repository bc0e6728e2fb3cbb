"""`uniq`: exact, then approximate with a stated error, always bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.hyperloglog import ERROR
from analytics.measures import distinct as module
from analytics.measures.distinct import EXACT, Distinct
from tests.analytics.measures.values import add, cells, opened, read
from tests.analytics.simple import rows_of, values_of

PANES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=80)


@given(PANES)
def test_small_windows_are_exact(pairs: list[tuple[int, int]]) -> None:
    """Any panes and any window over them count what sets count."""
    users = opened(Distinct, 3, 1)
    add(users, [slot for slot, _ in pairs], [v for _, v in pairs])
    for window in ([0], [1, 2], [0, 1, 2]):
        assert read(users, *window, keys=(0,)) == [len({v for slot, v in pairs if slot in window})]


def test_exact_ends_after_512_values() -> None:
    """512 values are exact and say no error; the 513th makes the cell approximate, whatever the order."""
    users = opened(Distinct, 1, 1)
    add(users, [0] * EXACT, range(EXACT))
    assert users.read(cells(0), cells(0)).error is None
    assert read(users, 0, keys=(0,)) == [512]
    add(users, [0] * 3, [0, 511, 512])
    assert users.read(cells(0), cells(0)).error == [ERROR]
    backwards = opened(Distinct, 1, 1)
    add(backwards, [0] * (EXACT + 1), range(EXACT, -1, -1))
    assert read(backwards, 0, keys=(0,)) == read(users, 0, keys=(0,))
    dumps = [d.dump(cells(0), cells(0))["registers"].tobytes() for d in (users, backwards)]
    assert dumps[0] == dumps[1]


@pytest.mark.parametrize("n", [600, 5_000, 100_000])
def test_the_error_is_as_stated(n: int) -> None:
    """Over 30 trials the root mean square error is near 1.6 %, and none is beyond four times that."""
    errors = []
    for trial in range(30):
        users = Distinct(1, 1)
        users.open(0, trial)
        users.add_hashes(np.zeros(n, np.int64), np.random.default_rng(trial).integers(0, 2**64, n, np.uint64))
        errors.append(read(users, 0, keys=(0,))[0] / n - 1)
    assert max(map(abs, errors)) < 4 * ERROR
    assert np.sqrt(np.mean(np.square(errors))) < 1.4 * ERROR


def test_exact_and_approximate_panes_merge() -> None:
    """A window over a small and a large pane counts their union within the error."""
    users = opened(Distinct, 3, 1)
    add(users, [0] * 20_000 + [1] * 300, [*range(20_000), *range(19_900, 20_200)])
    assert read(users, 0, 1, keys=(0,))[0] == pytest.approx(20_200, rel=4 * ERROR)
    users.merge(cells(0, 1), 2)
    assert read(users, 2, keys=(0,)) == read(users, 0, 1, keys=(0,))


def test_a_window_of_exact_panes_is_exact_beyond_512() -> None:
    """Panes that are exact each make an exact window, even if it is larger."""
    users = opened(Distinct, 3, 1)
    add(users, [v // 400 for v in range(1_200)], range(1_200))
    assert read(users, 0, 1, 2, keys=(0,)) == [1_200]
    assert users.read(cells(0, 1, 2), cells(0)).error is None


def test_too_many_exact_values_make_the_fullest_cells_approximate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the cap the fullest cells turn approximate first, and it is counted."""
    monkeypatch.setattr(module, "MAX_VALUES", 100)
    users = opened(Distinct, 1, 3)
    add(users, [0] * 60 + [1] * 30 + [2] * 20, range(110))
    error = users.read(cells(0), cells(0, 1, 2)).error
    assert error is not None
    assert error.tolist() == [ERROR, 0.0, 0.0]
    assert read(users, 0, keys=(1, 2)) == [30, 20]
    assert users.note()["uniq_approximate_early"] == 1


def test_a_cell_without_room_is_a_lower_bound_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no register block is left, the count stops and the error says that it is a bound; a dump keeps that."""
    monkeypatch.setattr(module, "MAX_BLOCKS", 1)
    users = opened(Distinct, 1, 2)
    add(users, [0] * 600 + [1] * 600, range(1_200))
    add(users, [1] * 600, range(5_000, 5_600))
    error = users.read(cells(0), cells(0, 1)).error
    assert error is not None
    assert sorted(error.tolist()) == [ERROR, 1.0]
    bound = read(users, 0)[error.tolist().index(1.0)]
    assert EXACT < bound <= 600
    assert users.note()["uniq_saturated"] == 1
    again = opened(Distinct, 1, 2)
    again.load(cells(0), cells(0, 1), users.dump(cells(0), cells(0, 1)))
    assert read(again, 0) == read(users, 0)


def test_values_of_different_types_are_different() -> None:
    """1, "1" and true are three values, 1 and 1.0 are one, null is none."""
    assert values_of("uniq(x)", [{"x": v} for v in (1, 1.0, "1", True, None, 1)]) == [3]


def test_rows_carry_the_error_once_approximate() -> None:
    """A row over 2,000 users says 0.016, a quotient of two such more, a small one nothing."""
    events = [{"distinct_id": f"u{i}", "timestamp": 0} for i in range(2_000)]
    assert rows_of("uniq(distinct_id)", events[:100])[0].error is None
    assert rows_of("uniq(distinct_id)", events)[0].error == ERROR
    both = rows_of("uniq(distinct_id) FILTER (WHERE timestamp >= 0) / uniq(distinct_id)", events)
    assert both[0].value == 1.0
    assert both[0].error == pytest.approx(ERROR * 2**0.5)


def test_a_value_in_many_panes_counts_once_against_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for 100 values holds 90 in each of five panes; others make the fullest panes approximate, and it is said."""
    monkeypatch.setattr(module, "MAX_VALUES", 100)
    users = opened(Distinct, 5, 1)
    for slot in range(5):
        add(users, [slot] * 90, range(90))
    assert read(users, *range(5), keys=(0,)) == [90]
    assert users.read(cells(*range(5)), cells(0)).error is None
    add(users, [4] * 60, range(100, 160))
    assert users.read(cells(*range(5)), cells(0)).error == [ERROR]
    assert read(users, *range(5), keys=(0,))[0] == pytest.approx(150, rel=4 * ERROR)
    assert users.note()["uniq_approximate_early"] > 0


def test_too_many_panes_of_values_make_the_fullest_approximate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cap on what all panes hold is one of its own."""
    monkeypatch.setattr(module, "MAX_VALUES", 50)
    monkeypatch.setattr(module, "PANES", 2)
    users = opened(Distinct, 5, 1)
    for slot in range(5):
        add(users, [slot] * (25 + slot), range(25 + slot))
    assert users.note()["uniq_approximate_early"] > 0
    assert read(users, 0, keys=(0,)) == [25]
    assert users.read(cells(0), cells(0)).error is None
    assert read(users, *range(5), keys=(0,))[0] == pytest.approx(29, rel=4 * ERROR)


def test_a_dump_from_before_values_were_kept_once_is_read() -> None:
    """Cells and hashes, one for each pane that a value is in."""
    users, again = opened(Distinct, 3, 2), opened(Distinct, 3, 2)
    add(users, [0, 0, 1, 2, 4, 5, 5], ["a", "b", "a", "b", "a", "c", "d"])
    state = users.dump(cells(0, 1, 2), cells(0, 1))
    places = np.arange(3).repeat(state["sizes"])
    old = {name: state[name] for name in ("dense", "registers", "saturated", "bounds")} | {
        "cells": places * 2 + state["value_keys"][state["members"]],
        "hashes": state["values"][state["members"]],
    }
    again.load(cells(2, 1, 0), cells(0, 1), old)
    assert read(again, 0, 1, 2) == read(users, 0, 1, 2) == [2, 3]
    now = again.dump(cells(2, 1, 0), cells(0, 1))
    assert {name: array.tobytes() for name, array in now.items()} == {n: a.tobytes() for n, a in state.items()}
