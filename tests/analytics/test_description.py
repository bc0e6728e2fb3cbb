"""The plan in words: grids, readers, what is shared, memory by KPI."""

from __future__ import annotations

import pytest

from analytics import Engine, KpiSpec
from analytics.description import budgets, describe
from analytics.plan import Plan, make_plan

BUY = "count(*) FILTER (WHERE event = 'buy')"


def planned(*values: str, by: tuple[str, ...] = ()) -> Plan:
    """A plan of KPIs k0, k1, .. in one minute windows."""
    return make_plan([KpiSpec(f"k{i}", value, "tumbling 1m", by=by) for i, value in enumerate(values)], {}, 1 << 40)


def said(plan: Plan, beginning: str) -> list[str]:
    """The lines that begin so, without the beginning."""
    return [line.removeprefix(beginning) for line in describe(plan).splitlines() if line.startswith(beginning)]


def test_grids_readers_and_columns_are_named() -> None:
    """How many grids there are, who reads an aggregate and which columns are read."""
    plan = planned("sum(price) / count(*)", by=("country",))
    text = describe(plan)
    assert text.startswith("1 KPIs in 1 grids")
    assert "by country (at most 1000)" in text
    assert "<- k0" in text
    assert said(plan, "columns read: ") == ["country (TEXT), price (NUMBER)"]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("count(*)", "count(*)"),
        ("count(x) FILTER (WHERE y > 1)", 'count("x") where (> "y" 1)'),
        ("avg(x)", 'count(numbers of "x")'),
        ("quantile(x, 0.9)", 'quantile("x") -> 0.9'),
        ("top(x, 5)", 'top("x", 5)'),
        ("bounce_rate(gap => '5m')", "sessions(gap => '5m') -> bounce_rate"),
        ("funnel(a, b, within => '90s')", """funnel("a", "b", within => '90s')"""),
        (
            "funnel(a, mode => 'strict_order, allow_reentry', exclude => c, times => TRUE)",
            """funnel("a", exclude => "c", within => '30m', mode => 'allow_reentry, strict_order', times => TRUE)""",
        ),
        ("retention(a, b, period => '1m')", """retention("a", "b", period => '1m', periods => 7)"""),
    ],
)
def test_what_is_kept_is_named_as_it_is_written(value: str, label: str) -> None:
    """With what its state depends on, in the line of its readers and in that of its memory."""
    # The count of all events is part of the panes.
    lines = describe(planned("count(*)", value)).splitlines()
    assert any(line.startswith(f"  {label}  <- ") for line in lines)
    state = "panes and keys" if label == "count(*)" else label.partition(" -> ")[0]
    assert any(line.startswith(f"    {state}: ") for line in lines)


def test_shared_sub_expressions_are_named_with_their_readers() -> None:
    """A condition of several KPIs is worked out once; one that a single KPI uses is not listed."""
    plan = planned(BUY, "uniq(user) FILTER (WHERE event = 'buy' AND price > 3)")
    assert said(plan, "worked out once: ") == ["(= \"event\" 'buy')  <- k0, k1"]
    assert said(planned(BUY), "worked out once: ") == []


def test_memory_of_each_kpi_is_split_into_its_own_and_shared() -> None:
    """The sums of a grid with one KPI are all its own; equal aggregates of two are shared."""
    alone, both = planned("uniq(user)"), planned("uniq(user)", "uniq(user) / count(*)")
    (own,) = said(alone, "memory of k0: ")
    assert "shared" not in own
    assert own == f"{alone.grids[0].budget / (1 << 20):.1f} MB"
    assert all("shared in its grid" in line for line in said(both, "memory of k"))


@pytest.mark.parametrize("window", ["session 30m", "cumulative 1d every 1m", "sliding 5m every 10s"])
def test_every_kind_of_window_can_be_described(window: str) -> None:
    """The engine describes what it runs."""
    text = Engine([KpiSpec("k", "count(*)", window)]).describe()
    assert window in text
    assert "memory of k: " in text


def test_budgets_are_those_of_the_text() -> None:
    """Own and shared bytes by KPI, and the keys it may have: one without dimensions, sessions for session windows."""
    plan = make_plan(
        [
            KpiSpec("a", BUY, "tumbling 1m", by=("country",), max_keys=50),
            KpiSpec("b", "sum(price)", "tumbling 1m", by=("country",), max_keys=50),
            KpiSpec("alone", "count(*)", "tumbling 1s"),
            KpiSpec("visits", "count(*)", "session 30m"),
        ],
        {},
        1 << 40,
    )
    found = budgets(plan)
    assert [found[name]["max_keys"] for name in ("a", "b", "alone", "visits")] == [50, 50, 1, 32_768]
    assert found["alone"]["shared"] == 0
    assert found["a"]["shared"] == found["b"]["shared"] > 0
    lines = said(plan, "memory of a: ")
    assert lines[0].startswith(f"{found['a']['own'] / (1 << 20):.1f} MB")
