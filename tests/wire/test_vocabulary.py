"""Texts that are known beforehand are decoded to their codes, others are refused."""

from __future__ import annotations

from types import GenericAlias
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dictionary import Dictionary
from gateway.wire import vocabulary
from gateway.wire.vocabulary import Vocabulary, known_texts


def decode(kind: Any, text: bytes) -> Any:
    return msgspec.json.decode(text, type=GenericAlias(list, (kind,)))


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=60), st.text(max_size=5))
def test_a_text_is_its_code(texts: list[str], other: str) -> None:
    """Plain integers, whatever the texts are and however they are written; empty and very long ones are none."""
    coder = Dictionary()
    codes = coder.encode([*texts, "y" * 201, "x"]).tolist()
    kind = known_texts(coder)
    said = [(text, code) for text, code in zip([*texts, "x"], [*codes[: len(texts)], codes[-1]], strict=True) if text]
    found = decode(kind, msgspec.json.encode([text for text, _ in said]))
    assert found == [code for _, code in said]
    assert {type(code) for code in found} == {int}
    plain = [(text, code) for text, code in said if max(text) < "\ud800"]
    escaped = ['"' + "".join(rf"\u{ord(c):04x}" for c in text) + '"' for text, _ in plain]
    assert decode(kind, f"[{','.join(escaped)}]".encode()) == [code for _, code in plain]
    for refused in ["", "y" * 201, *([other] if other not in coder else [])]:
        with pytest.raises(msgspec.MsgspecError):
            decode(kind, msgspec.json.encode([refused]))


@pytest.mark.parametrize("text", [b"[1]", b"[true]", b"[1.5]", b"[[]]", b"[{}]", b"[null]"])
def test_what_is_no_text_is_refused(text: bytes) -> None:
    """Even a number that is some text's code."""
    coder = Dictionary()
    coder.encode(["x", "z"])
    with pytest.raises(msgspec.ValidationError):
        decode(known_texts(coder), text)


def test_without_texts_there_is_no_type() -> None:
    """Nor with one that no JSON has."""
    assert known_texts(Dictionary()) is None
    odd = Dictionary()
    odd.encode(["x", "\ud800"])
    assert known_texts(odd) is None


def test_a_decoder_that_gives_something_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way in which it looks texts up is an inner one: it is tried out each time."""
    coder = Dictionary()
    coder.encode(["x"])
    monkeypatch.setattr(msgspec.json, "decode", lambda *_, **__: ["x"])
    assert known_texts(coder) is None


def test_a_column_is_complete_when_nothing_new_came() -> None:
    """Between two looks; of few texts, and of texts alone."""
    coders = {name: Dictionary() for name in ("few", "many", "grows", "mixed", "empty")}
    known = Vocabulary(coders)
    coders["few"].encode(["a", "b"])
    coders["many"].encode([f"v{i}" for i in range(vocabulary.MOST)])
    coders["mixed"].encode(["a", 1])
    assert known.complete() == {}
    coders["grows"].encode(["a"])
    assert known.complete() == {"few": 3}
    assert known.complete() == {"few": 3, "grows": 2}
    assert {name for name in coders if known.has_few(name)} == {"few", "grows"}
