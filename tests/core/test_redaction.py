"""What nobody may look at is taken out, wherever it stands."""

from __future__ import annotations

import orjson

from gateway.core.redaction import HIDDEN, Redaction

SECRET = "s3cret"


def test_nothing_is_touched_without_names() -> None:
    """The usual case costs nothing and changes nothing."""
    value = {"email": SECRET}
    assert Redaction().tree(value) is value
    assert Redaction().text(b" {broken") == b" {broken"


def test_values_of_names_are_hidden_at_any_depth() -> None:
    """In objects and lists, whatever kind the value is; the names stay."""
    tree = {"email": SECRET, "a": [{"email": {"x": SECRET}}, [{"email": [SECRET]}]], "b": 1}
    hidden = Redaction(["email"]).tree(tree)
    assert hidden == {"email": HIDDEN, "a": [{"email": HIDDEN}, [{"email": HIDDEN}]], "b": 1}
    assert SECRET not in str(hidden)


def test_a_text_is_redacted_or_withheld() -> None:
    """JSON loses the values; what cannot be read is not shown at all, since nobody knows what is in it."""
    redaction = Redaction(["email"])
    assert redaction.text(b'{"email":"s3cret","n":1}') == orjson.dumps({"email": HIDDEN, "n": 1})
    assert redaction.text(b'{"em\\u0061il":"s3cret"}') == orjson.dumps({"email": HIDDEN})
    assert redaction.text(b'{"email":"s3cret",NaN}') is None
    assert redaction.text(b"[" * 5_000 + b"]" * 5_000) is None


def test_what_nests_too_deep_is_hidden_whole() -> None:
    """As deep as the parser reads: no error, and nothing of it is shown."""
    value = orjson.loads(b'{"a":' * 1_000 + b'{"email":"s3cret"}' + b"}" * 1_000)
    hidden = Redaction(["email"]).tree(value)
    assert "s3cret" not in str(hidden)
    assert HIDDEN in str(hidden)
