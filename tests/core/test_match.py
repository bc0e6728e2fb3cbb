"""Which events a viewer asked for; batches that cannot hold one are ruled out by their bytes, and only those."""

from __future__ import annotations

import json
import random
from typing import Any

import orjson
import pytest

from gateway.core.match import Matcher, match_key
from gateway.wire.messages import Match

EVENT = {"event": "buy", "distinct_id": "u1"}
PROPERTIES = {"country": "DE", "n": 1, "new": True, "gone": None, "nested": {"a": 1}}


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        (Match(), True),
        (Match(event="buy", distinct_id="u1"), True),
        (Match(event="Buy"), False),
        (Match(distinct_id="u2"), False),
        (Match(verdict="accepted"), True),
        (Match(verdict="drop"), False),
        (Match(reason="late"), False),
        (Match(properties={"country": "DE", "n": 1.0}), True),
        (Match(properties={"n": True}), False),
        (Match(properties={"new": True}), True),
        (Match(properties={"new": 1}), False),
        (Match(properties={"gone": None, "never": None}), True),
        (Match(properties={"country": None}), False),
        (Match(properties={"nested": '{"a":1}'}), True),
    ],
)
def test_all_that_is_asked_for_must_be_so(match: Match, taken: bool) -> None:
    """Ids, verdict and properties, each equal; 1 is not true, absent is null."""
    assert Matcher(match).takes(EVENT, PROPERTIES, "accepted", "") is taken


def test_a_reason_is_asked_for_by_its_slug() -> None:
    """With its verdict or alone."""
    assert Matcher(Match(reason="late")).takes(EVENT, PROPERTIES, "drop", "late")
    assert not Matcher(Match(verdict="warn", reason="late")).takes(EVENT, PROPERTIES, "drop", "late")


@pytest.mark.parametrize("seed", range(50))
def test_no_batch_with_a_match_is_ruled_out(seed: int) -> None:
    """Whatever the texts hold and however they are written; many that have none are."""
    chance = random.Random(seed)
    texts = ["buy", "Käufe", 'q"uote', "back\\slash", "a/b", "", "tab\t", "emoji \U0001f600", "\x7f", "x y"]
    for _ in range(50):
        name, user, value = (chance.choice(texts) or "-" for _ in range(3))
        event: dict[str, Any] = {"event": name, "distinct_id": user}
        properties = {"p": value}
        written: list[Any] = [
            orjson.dumps(event | {"properties": properties}),
            json.dumps(event | {"properties": properties}).encode(),
            orjson.dumps(event | {"properties": properties}).replace(b"/", b"\\/"),
        ]
        matcher = Matcher(Match(event=name, distinct_id=user, properties={"p": value}))
        assert matcher.takes(event, properties, "accepted", "")
        assert all(matcher.may_take(text, b"") for text in written)
        assert matcher.may_take(
            orjson.dumps({"event": name}), orjson.dumps({"distinct_id": user, "properties": properties})
        )
    assert not Matcher(Match(event="buy")).may_take(b'{"event":"buys"}', b"")


def test_equal_wishes_have_one_key() -> None:
    """The order of properties does not matter; the rate does, and so does each kind of value."""
    one = match_key(Match(event="a", properties={"x": 1, "y": 2}), 50)
    assert one == match_key(Match(properties={"y": 2, "x": 1}, event="a"), 50)
    keys = [match_key(Match(properties={"x": value}), 50) for value in (1, True, "1", None)]
    assert len({*keys, one, match_key(Match(event="a", properties={"x": 1, "y": 2}), 10)}) == 6


def test_a_value_that_nests_too_deep_is_equal_to_nothing() -> None:
    """And is no error: such events are looked at too, since they are rejected."""
    deep = orjson.loads(b'{"a":' * 1_000 + b"1" + b"}" * 1_000)
    for value in ("x", None, 1):
        assert not Matcher(Match(properties={"p": value})).takes({}, {"p": deep}, "drop", "too_deep")
