"""What can be said to `tidegate tail`."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from gateway.tail.arguments import add_arguments


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_nothing_said_is_everything() -> None:
    """The local gateway, all events, at the usual rate."""
    said = vars(parsed())
    assert said == {
        "url": "http://127.0.0.1:8080", "event": None, "user": None, "verdict": None, "reason": None, "where": None,
        "rate": 50.0, "json": False, "most": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("DE", "DE"), ("9.5", 9.5), ("7", 7), ("true", True), ("null", None), ('"7"', "7"), ("", ""), ("a=b", "a=b"),
        ("[1]", "[1]"), ("{}", "{}"), ("NaNa", "NaNa"),
    ],
)  # fmt: skip
def test_values_are_json_scalars_or_texts(text: str, value: Any) -> None:
    """Quotes make a text of a number; what is no scalar is a text."""
    where = parsed("--where", f"p={text}", "--where", "q=1").where
    assert where == {"p": value, "q": 1}
    assert type(where["p"]) is type(value)


@pytest.mark.parametrize(
    "arguments",
    [("--where", "p"), ("--where", "=1"), ("--rate", "0"), ("--rate", "x"), ("--rate", "nan"), ("--rate", "201"),
     ("--count", "0"), ("--count", "-1"), ("--count", "x"), ("--verdict", "maybe"), ("--nonsense",)],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...]) -> None:
    """Before anything is connected."""
    with pytest.raises(SystemExit):
        parsed(*arguments)
