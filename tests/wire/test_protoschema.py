"""The table of messages, the file made from it, and the golden frames agree."""

from __future__ import annotations

import json
import re

from gateway.wire.protoschema import CLIENT, SCHEMA, SERVER, proto_text
from tests.wire.test_replies import golden
from tools.proto import FILE

NOT_FOR_PRODUCERS = {"snapshot", "delta", "events", "notice"}
NOT_OF_PRODUCERS = {"subscribe", "unsubscribe", "resync", "visibility"}


def test_the_file_is_current() -> None:
    """docs/tidegate.proto is what `python -m tools.proto` would write."""
    assert FILE.read_text("utf-8") == proto_text()


def test_every_message_of_a_producer_has_its_form() -> None:
    """By the names of the golden frames: each type, and each field of what the server says to producers."""
    for side, message, without in (("client", CLIENT, NOT_OF_PRODUCERS), ("server", SERVER, NOT_FOR_PRODUCERS)):
        types = {json.loads(frame)["type"] for frame in golden(side).values()}
        assert set(message.DESCRIPTOR.fields_by_name) == types - without
    for frame in golden("server").values():
        said = json.loads(frame)
        if said["type"] not in NOT_FOR_PRODUCERS and "epoch" not in said and "id" not in said:
            known = set(SERVER.DESCRIPTOR.fields_by_name[said["type"]].message_type.fields_by_name)
            assert said.keys() - {"type"} <= known


def test_numbers_are_never_given_twice() -> None:
    """Nor names; and every type is a scalar or in the table."""
    names = [message.name for message in SCHEMA]
    assert len(set(names)) == len(names)
    for message in SCHEMA:
        assert len({field.number for field in message.fields}) == len(message.fields)
        assert len({field.name for field in message.fields}) == len(message.fields)


def test_the_text_has_every_field_once() -> None:
    """In the syntax of the language: nothing is lost where a group of alternatives ends."""
    text = proto_text()
    fields = re.findall(r"^\s+(?:optional |repeated )?[\w<>, ]+ (\w+) = (\d+);$", text, re.MULTILINE)
    assert len(fields) == sum(len(message.fields) for message in SCHEMA)
    assert text.count("{") == text.count("}")
