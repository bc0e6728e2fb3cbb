"""The SQL of a KPI: which aggregates it needs, and what is refused."""

from __future__ import annotations

import pytest

from analytics.definition import NUMBERS, DefinitionError, condition, definition
from analytics.expression import Column


def _keys(text: str) -> list[str]:
    return [aggregate.key for aggregate in definition(text).aggregates]


def test_equal_aggregates_are_one() -> None:
    """An aggregate written twice, or in another case, is kept once and read twice."""
    assert _keys("count(*) / COUNT(*)") == ["count(*,0)"]
    assert len(_keys("sum(x) + sum(y) + sum(x)")) == 2


def test_avg_is_a_sum_over_a_count_of_numbers() -> None:
    """avg(x) shares its sum with sum(x), and divides by the count of what is a number only."""
    found = [(a.measure, a.parameter) for a in definition("avg(x) - sum(x)").aggregates]
    assert found == [("sum", 0), ("count", NUMBERS)]


def test_a_filter_makes_an_aggregate_of_its_own() -> None:
    """The filter is part of what state is shared by."""
    plain, filtered = definition("count(*) FILTER (WHERE x > 1) / count(*)").aggregates[::-1]
    assert plain.where is None
    assert filtered.where is not None
    assert filtered.key == f"count(*,0) where {filtered.where.key}"


def test_the_value_reads_aggregates_by_number() -> None:
    """The value's columns are the aggregates in order of their first appearance."""
    found = definition("sum(x) / count(*)")
    assert [node.name for node in found.value.walk() if isinstance(node, Column)] == ["#0", "#1"]
    assert [a.measure for a in found.aggregates] == ["sum", "count"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 + 2", "no aggregate"),
        ("x + count(*)", "outside of an aggregate"),
        ("sum(count(*))", "not allowed here"),
        ("count(DISTINCT x)", r"uniq\(x\)"),
        ("rate(x)", "no argument"),
        ("sum('a')", "takes a number"),
        ("uniq(x, y)", "one argument"),
        ("top(x, 3) + 1", "stands alone"),
        ("top(x, 0)", "from 1 to 100"),
        ("top(x, 101)", "from 1 to 100"),
        ("nonsense(x)", "no function nonsense"),
    ],
)
def test_what_cannot_run_is_refused(text: str, reason: str) -> None:
    """Each refusal says what is wrong, at a place within the text."""
    with pytest.raises(DefinitionError, match=reason) as refused:
        definition(text)
    assert refused.value.offset is not None
    assert 0 <= refused.value.offset < len(text)


def test_top_takes_its_size() -> None:
    """The number of top(..) is the parameter of its aggregate, up to the largest allowed."""
    assert [definition(f"top(x, {n})").aggregates[0].parameter for n in (1, 100)] == [1, 100]


def test_a_condition_is_a_truth_without_aggregates() -> None:
    """A comparison or a bare property will do; a number or an aggregate will not."""
    assert condition("x > 1").kind == "bool"
    assert condition("x").kind == "any"
    with pytest.raises(DefinitionError, match="condition is needed"):
        condition("x + 1")
    with pytest.raises(DefinitionError, match="not allowed here"):
        condition("count(*) > 1")
