"""Frames to messages, whichever format they are written in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from client_sdk.python.coders import Coders
from client_sdk.python.errors import MessageError


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    now: int


class Stop(msgspec.Struct, tag_field="type", tag="stop"):
    pass


FORMS = {
    "json": (msgspec.json, lambda frame: frame[:1] == b"["),
    "msgpack": (msgspec.msgpack, lambda frame: 0x90 <= frame[0] <= 0x9F),
}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> tuple[Any, Coders[Any]]:
    module, is_array = FORMS[request.param]
    return module, Coders(module, Ping | Stop, {"ping", "stop"}, is_array)


def test_a_frame_is_one_message_or_several(form: tuple[Any, Coders[Any]]) -> None:
    """In order."""
    module, coders = form
    assert coders.decode(coders.encode(Ping(1))) == [Ping(1)]
    assert coders.decode(module.encode([Ping(1), Stop(), Ping(2)])) == [Ping(1), Stop(), Ping(2)]
    assert coders.decode(module.encode([])) == []


def test_types_of_a_later_version_are_left_out(form: tuple[Any, Coders[Any]]) -> None:
    """Alone and beside others; fields of a later version do no harm."""
    module, coders = form
    later = {"type": "later", "x": [1]}
    assert coders.decode(module.encode(later)) == []
    assert coders.decode(module.encode([later, {"type": "ping", "now": 1, "more": {}}])) == [Ping(1)]


@pytest.mark.parametrize("message", [{"type": "ping"}, {"type": "ping", "now": "x"}, [{"type": "ping"}], 5, [5], "x"])
def test_what_is_wrong_is_refused(form: tuple[Any, Coders[Any]], message: Any) -> None:
    """A known type with wrong fields, and what is no message."""
    module, coders = form
    with pytest.raises(MessageError):
        coders.decode(module.encode(message))


@pytest.mark.parametrize("cut", [1, 3])
def test_a_frame_cut_short_is_refused(form: tuple[Any, Coders[Any]], cut: int) -> None:
    """Wherever."""
    _, coders = form
    with pytest.raises(MessageError):
        coders.decode(coders.encode(Ping(7))[:-cut])
