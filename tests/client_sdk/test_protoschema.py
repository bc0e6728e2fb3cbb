"""The client's schema of Protocol Buffers is the gateway's."""

from __future__ import annotations

from client_sdk.python.protoschema import CLIENT, DESCRIPTOR, SERVER
from gateway.wire import protoschema
from tools.proto import CLIENT_FILE, client_text


def test_the_file_is_current() -> None:
    """It is what `python -m tools.proto` would write, but for an order of bytes that another version may choose."""
    assert protoschema.descriptor() == DESCRIPTOR
    quotes = '"' * 3
    there, made = (text.split(quotes) for text in (CLIENT_FILE.read_text("utf-8"), client_text()))
    assert there[:3] + there[4:] == made[:3] + made[4:]


def test_classes_of_both_stand_side_by_side() -> None:
    """What one writes the other reads; they are not the same."""
    for ours, theirs in ((CLIENT, protoschema.CLIENT), (SERVER, protoschema.SERVER)):
        assert ours is not theirs
        assert ours.DESCRIPTOR.full_name == theirs.DESCRIPTOR.full_name
    auth = CLIENT()
    auth.auth.token = "t"
    assert protoschema.CLIENT.FromString(auth.SerializeToString()).auth.token == "t"
