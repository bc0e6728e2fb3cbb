"""Columns of a plan: how each is read, and which need a dictionary."""

from __future__ import annotations

import pytest

from analytics.definition import condition, definition
from analytics.schema import Columns, Use

BOTH = Use.TEXT | Use.NUMBER


def of_value(value: str) -> Columns:
    """The columns of all aggregates of a KPI value."""
    columns = Columns()
    for aggregate in definition(value).aggregates:
        columns.aggregate(aggregate)
    return columns


def of_condition(text: str) -> Columns:
    """The columns of a filter."""
    columns = Columns()
    columns.condition(condition(text))
    return columns


@pytest.mark.parametrize(
    ("value", "uses"),
    [
        ("count(*)", {}),
        ("sum(price)", {"price": Use.NUMBER}),
        ("sum(price * amount)", {"price": Use.NUMBER, "amount": Use.NUMBER}),
        ("uniq(city)", {"city": Use.TEXT}),
        ("max(price) filter (where city = 'Bonn')", {"price": Use.NUMBER, "city": Use.TEXT}),
        ("sum(price) + uniq(price)", {"price": BOTH}),
        ("max(timestamp)", {}),
    ],
)
def test_aggregates_read_their_columns_as_they_need_them(value: str, uses: dict[str, Use]) -> None:
    """A number is wanted where it is calculated with, the value as such everywhere else; the timestamp is there."""
    assert of_value(value).uses == uses


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("city = 'Bonn'", {"city": Use.TEXT}),
        ("price + 1 > 5", {"price": Use.NUMBER}),
        ("price + 1 > 5 AND price IS NULL", {"price": BOTH}),
        ("city LIKE 'B%' OR NOT paid", {"city": Use.TEXT, "paid": Use.TEXT}),
        ("timestamp > 5", {}),
    ],
)
def test_conditions_read_their_columns_as_they_need_them(text: str, uses: dict[str, Use]) -> None:
    """Arithmetic takes numbers, tests of text, truth and absence take the value."""
    assert of_condition(text).uses == uses


def test_dictionaries_belong_to_columns_and_computed_arguments() -> None:
    """What is counted by value has a dictionary: a column under its name, an expression under its key."""
    assert set(of_value("uniq(city)").coded) == {"city"}
    assert of_value("sum(price)").coded == {}
    columns = of_value("uniq(price * 2)")
    (argument,) = (aggregate.argument for aggregate in definition("uniq(price * 2)").aggregates)
    assert argument is not None
    assert set(columns.coded) == {argument.key}
    assert columns.uses == {"price": Use.NUMBER}


def test_timestamp_gets_a_dictionary_when_it_is_counted_by_value() -> None:
    """The timestamp need not be delivered, but its values have codes like any other."""
    columns = of_value("uniq(timestamp)")
    assert columns.uses == {}
    assert set(columns.coded) == {"timestamp"}


def test_uses_of_several_kpis_add_up() -> None:
    """Keys, a filter and an aggregate that read one column leave one entry with every use; no filter adds none."""
    columns = Columns()
    columns.by(["price", "city"])
    columns.condition(None)
    assert columns.uses == {"price": Use.TEXT, "city": Use.TEXT}
    columns.aggregate(definition("sum(price)").aggregates[0])
    assert columns.uses == {"price": BOTH, "city": Use.TEXT}
    assert set(columns.coded) == {"price", "city"}
