"""The model of the board, held against a count of every single event, and the comparison of boards."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from benchmarks.model import BOARD, Rows, differences, model, wait_equal
from benchmarks.peers.definitions import Definitions
from benchmarks.peers.loops import Loops
from benchmarks.traffic import Happening, make_pool

# Runs of batches that start and end inside the pool, go round it, and cross seconds.
SENT = [[1_795_334_400_050, 0, 3], [1_795_334_400_950, 3, 17], [1_795_334_401_000, 17, 18]]


def found_by(board: Loops | Definitions, pool: list[list[Happening]]) -> dict[str, Rows]:
    """The board that a peer shows after it has been given every event of `SENT`, one batch at a time."""
    for stamp, first, last in SENT:
        for number in range(first, last):
            board.add([
                {
                    "event": one.event,
                    "timestamp": stamp - one.age,
                    "distinct_id": one.user,
                    "properties": {"country": one.country, "value": one.value, "$pathname": one.path},
                }
                for one in pool[number % len(pool)]
            ])  # fmt: skip
    return {
        name: {
            (row["dims"].get("country"), row["start"]): row["value"]
            for row in board.rows(name, 1_795_334_390_000, 1_795_334_410_000)
        }
        for name in BOARD
    }


@pytest.fixture
def board() -> dict[str, Rows]:
    """The model's board."""
    return model(make_pool(5, 3), SENT)


def test_the_weighted_model_counts_what_counting_one_by_one_counts(board: dict[str, Rows]) -> None:
    """Weights by template and second stand for exactly the events that were sent, and both peers count as it does."""
    assert differences(board, found_by(Loops(), make_pool(5, 3))) == []
    assert differences(board, found_by(Definitions(), make_pool(5, 3))) == []
    events = sum(counter.total() for counter in board["top_pages_by_country"].values())
    assert events == 18 * 20


def served(board: dict[str, Rows]) -> dict[str, Rows]:
    """The model's board in the form in which servers show it."""
    return {
        name: {
            key: {"items": [list(item) for item in value.most_common(10)]} if isinstance(value, Counter) else value
            for key, value in rows.items()
        }
        for name, rows in copy.deepcopy(board).items()
    }


def test_a_board_equals_itself_and_rows_of_nothing_do_not_count(board: dict[str, Rows]) -> None:
    """A side may show zero or null where nothing happened."""
    shown = served(board)
    shown["errors"][None, 0] = 0
    shown["revenue"][None, 0] = None
    assert differences(board, shown) == []


@pytest.mark.parametrize("name", BOARD)
def test_a_lost_row_and_a_row_too_many_are_found(board: dict[str, Rows], name: str) -> None:
    """Every KPI of the board is really compared."""
    shown = served(board)
    key, value = next(iter(shown[name].items()))
    del shown[name][key]
    assert len(differences(board, shown)) == 1
    shown[name] |= {key: value, (key[0], 1_000): value}
    assert len(differences(board, shown)) == 1


@pytest.mark.parametrize("name", [name for name in BOARD if not name.startswith(("top_", "p7", "p9", "checkout"))])
def test_a_count_that_is_off_by_one_is_found(board: dict[str, Rows], name: str) -> None:
    """One event lost or doubled makes the sides unequal."""
    shown = served(board)
    key = next(iter(shown[name]))
    shown[name][key] += 1
    assert len(differences(board, shown)) == 1


@pytest.mark.parametrize("name", ["p75", "p95_by_country"])
def test_a_quantile_may_differ_by_its_error_and_by_no_more(board: dict[str, Rows], name: str) -> None:
    """1 % is what a sketch of bins promises."""
    shown = served(board)
    key = next(iter(shown[name]))
    shown[name][key] *= 1.009
    assert differences(board, shown) == []
    shown[name][key] *= 1.009
    assert len(differences(board, shown)) == 1


def test_a_user_more_or_less_at_one_step_of_the_funnel_is_found(board: dict[str, Rows]) -> None:
    """Each step is compared."""
    for step in range(3):
        shown = served(board)
        next(iter(shown["checkout"].values()))["steps"][step] += 1
        assert len(differences(board, shown)) == 1


def test_the_funnel_takes_steps_in_order_of_time_and_at_one_instant_in_order_of_steps() -> None:
    """The model's funnel: what comes before a first view leads nowhere, in whatever order it was sent."""
    view, click, buy = "$pageview", "$autocapture", "purchase"
    happenings = [(click, 90, "a"), (view, 50, "a"), (buy, 10, "a"), (buy, 5, "b"), (click, 5, "b"), (view, 5, "b")]
    batch = [Happening(event, age, user, "DE", 1.0, "/") for event, age, user in happenings]
    batch += [Happening("other", 0, "c", "DE", 1.0, "/")] * (20 - len(batch))
    start = 1_795_334_400_000
    assert model([batch], [[start + 1_000, 0, 2]])["checkout"] == {(None, start): {"steps": [2, 1, 1]}}


def test_pages_of_equal_count_may_stand_for_each_other() -> None:
    """Which of two equals is tenth is nobody's fault; a wrong count or order is."""
    expected: dict[str, Rows] = {name: {} for name in BOARD}
    expected["top_pages_by_country"]["DE", 0] = Counter({f"/{i}": 20 - i for i in range(9)} | {"/a": 1, "/b": 1})

    def shown(items: list[list[Any]]) -> dict[str, Rows]:
        return {name: {} for name in BOARD} | {"top_pages_by_country": {("DE", 0): {"items": items}}}

    first = [[f"/{i}", 20 - i] for i in range(9)]
    assert differences(expected, shown([*first, ["/a", 1]])) == differences(expected, shown([*first, ["/b", 1]])) == []
    assert differences(expected, shown([*first, ["/c", 1]]))
    assert differences(expected, shown([*first, ["/a", 2]]))
    assert differences(expected, shown(first))


def test_an_estimate_may_differ_by_its_error_and_an_exact_count_may_not() -> None:
    """Up to 512 distinct users the count is exact; beyond, 6.5 % is four times the stated error."""
    for want, have, equal in ((512, 513, False), (512, 512, True), (10_000, 10_640, True), (10_000, 10_660, False)):
        expected: dict[str, Rows] = {name: {} for name in BOARD} | {"active_users": {(None, 0): want}}
        found: dict[str, Rows] = {name: {} for name in BOARD} | {"active_users": {(None, 0): have}}
        assert (differences(expected, found) == []) is equal


def test_waiting_ends_when_the_board_has_caught_up(board: dict[str, Rows]) -> None:
    """The look asks for the span of all rows, the minute of the funnel too, again and again until they are there."""
    asked = []

    def look(start: int, end: int) -> dict[str, Rows]:
        asked.append((start, end))
        return served(board) if len(asked) == 2 else {name: {} for name in BOARD}

    assert wait_equal(board, look) == []
    assert asked == [(1_795_334_340_000, 1_795_334_401_000)] * 2
