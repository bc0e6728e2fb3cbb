"""The SQL of a KPI: which aggregates it needs, and what is refused."""

from __future__ import annotations

import pytest

from analytics.aggregation import NUMBERS, FunnelSetting, RetentionSetting, SessionSetting
from analytics.definition import DefinitionError, condition, definition
from analytics.expression import Column
from analytics.measures import MEASURES
from analytics.zone import DAY


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
        ("sum(event)", "takes a number"),
        ("avg(-distinct_id)", "is no number"),
        ("quantile(CASE WHEN x THEN session_id END, 0.5)", "takes a number"),
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


@pytest.fixture
def all_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function of the language is taken, whether its measure is there or not."""
    monkeypatch.setattr("analytics.definition.MEASURES", {*MEASURES, "quantile", "sessions", "funnel", "retention"})


@pytest.mark.usefixtures("all_measures")
def test_a_funnel_is_its_steps_and_a_setting() -> None:
    """The exclusion comes behind the steps; modes are sorted and `default` is none."""
    (found,) = definition(
        "funnel(event = 'a', event = 'b', within => '30m', mode => 'strict_order, strict_increase', exclude => x = 1)"
    ).aggregates
    assert found.parameter == FunnelSetting(2, 1_800_000, ("strict_increase", "strict_order"), exclude=True)
    assert len(found.conditions) == 3
    (plain,) = definition("funnel(a, within => '1s', mode => 'default', times => TRUE)").aggregates
    assert plain.parameter == FunnelSetting(1, 1_000, times=True)
    assert _keys("funnel(a, b)") == _keys("funnel(a, b, within => '30m')")


@pytest.mark.usefixtures("all_measures")
def test_a_retention_is_two_events_and_a_setting() -> None:
    """Seven days unless something else is said."""
    (found,) = definition("retention(event = 'signup', event = 'visit')").aggregates
    assert found.parameter == RetentionSetting(DAY, 7)
    assert len(found.conditions) == 2
    (weekly,) = definition("retention(a, b, period => '7d', periods => 4)").aggregates
    assert weekly.parameter == RetentionSetting(7 * DAY, 4)
    (soon,) = definition("retention(a, b, period => '5m')").aggregates
    assert soon.parameter == RetentionSetting(300_000, 7)


@pytest.mark.usefixtures("all_measures")
def test_session_functions_share_their_sessions() -> None:
    """Three functions read one state, unless the gap differs."""
    shared = definition("sessions() + session_seconds() + bounce_rate()").aggregates
    assert len({a.state for a in shared}) == 1
    assert [a.view for a in shared] == ["count", "seconds", "bounce_rate"]
    apart = definition("sessions() / sessions(gap => '5m')").aggregates
    assert len({a.state for a in apart}) == 2
    assert apart[1].parameter == SessionSetting(300_000)


@pytest.mark.usefixtures("all_measures")
def test_quantiles_of_one_column_share_their_sketch() -> None:
    """The share is a view: the state is the same."""
    found = definition("quantile(x, 0.95) / quantile(x, 0.5)").aggregates
    assert len({a.state for a in found}) == 1
    assert [a.view for a in found] == [0.95, 0.5]


@pytest.mark.usefixtures("all_measures")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sum(x, y)", "one argument"),
        ("sum()", "one argument"),
        ("quantile(x)", "a number and a share"),
        ("quantile(x, 1.5)", "a share from 0 to 1"),
        ("quantile(x, y)", "a share from 0 to 1"),
        ("quantile('a', 0.5)", "takes a number"),
        ("sessions(x)", "no argument but"),
        ("sessions(within => '3m')", "no 'within'"),
        ("funnel(within => '3m')", "1 to 32 steps"),
        ("funnel(a, b, within => '3m', mode => 'sloppy')", "no mode 'sloppy'"),
        ("funnel(a, b, within => '3m', mode => 'allow_reentry')", "needs strict_order"),
        ("funnel(1 + 2, b, within => '3m')", "no condition"),
        ("funnel(a, within => '3m') * 2", "stands alone"),
        ("funnel(count(*) > 1, within => '3m')", "not allowed here"),
        ("retention(a)", "two conditions"),
        ("retention(a, b, period => '90s')", "whole minutes up to a day"),
        ("retention(a, b, period => '25h')", "whole days"),
        ("retention(a, b, periods => 61)", "from 1 to 60"),
        ("count(*) OVER (PARTITION BY x)", "not supported"),
        ("CAST(count(*) AS INT)", "not supported"),
    ],
)
def test_calls_that_make_no_sense_are_refused(text: str, reason: str) -> None:
    """Each refusal is in our words, not in those of the SQL parser, and has its place."""
    with pytest.raises(DefinitionError, match=reason) as refused:
        definition(text)
    assert refused.value.offset is not None
    assert 0 <= refused.value.offset < len(text)
