"""The client's schema of Protocol Buffers is the gateway's."""

from __future__ import annotations

from client_sdk.python.protoschema import CLIENT, DESCRIPTOR, SERVER
from gateway.wire import protoschema
from tools.proto import CLIENT_FILE, client_text


def test_the_file_is_current() -> None:
    """It is what `python -m tools.proto` would write, but for the bytes, which another version may order otherwise."""
    assert protoschema.descriptor() == DESCRIPTOR
    encoded = client_text().split('"""')[3]
    assert CLIENT_FILE.read_text("utf-8").split('"""')[::2] == client_text().split('"""')[::2]
    assert encoded.strip()


def test_classes_of_both_stand_side_by_side() -> None:
    """What one writes the other reads; they are not the same."""
    for ours, theirs in ((CLIENT, protoschema.CLIENT), (SERVER, protoschema.SERVER)):
        assert ours is not theirs
        assert ours.DESCRIPTOR.full_name == theirs.DESCRIPTOR.full_name
    auth = CLIENT()
    auth.auth.token = "t"
    assert protoschema.CLIENT.FromString(auth.SerializeToString()).auth.token == "t"
