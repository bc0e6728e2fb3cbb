"""The messages of a producer's connection as Protocol Buffers: a table, of which classes and `tidegate.proto` are made.

`python -m tools.proto` writes the file for those who generate code from it; a test holds that it is current.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["CLIENT", "PACKAGE", "SCHEMA", "SERVER", "Field", "Message", "descriptor", "proto_text"]

PACKAGE: Final = "tidegate.v1"


class Field(NamedTuple):
    """A field of a message."""

    name: str
    number: int
    type: str
    """A scalar, or the name of a message of this table; with `map` the type of the values, whose keys are texts."""
    rule: str = ""
    """`optional`, `repeated`, `map`, or `oneof NAME`; empty: a plain field, whose zero is the same as none."""


class Message(NamedTuple):
    """A message: what it is, and its fields."""

    name: str
    comment: str
    fields: tuple[Field, ...]


def _message(name: str, comment: str, *fields: str) -> Message:
    """Fields are written `name = number: type` or `name = number: type, rule`."""
    return Message(name, comment, tuple(map(_field, fields)))


def _field(text: str) -> Field:
    name, _, rest = text.partition(" = ")
    number, _, kind = rest.partition(": ")
    type_, _, rule = kind.partition(", ")
    return Field(name, int(number), type_, rule)


SCHEMA: Final = (
    _message(
        "ClientMessage",
        "What a client sends: one in each binary frame.",
        "hello = 1: Hello, oneof message",
        "auth = 2: Auth, oneof message",
        "batch = 3: Batch, oneof message",
        "columns = 4: Columns, oneof message",
        "pong = 5: Pong, oneof message",
    ),
    _message(
        "ServerMessage",
        "What the server sends: one in each binary frame.",
        "welcome = 1: Welcome, oneof message",
        "ack = 2: Ack, oneof message",
        "nack = 3: Nack, oneof message",
        "warn = 4: Warn, oneof message",
        "error = 5: Error, oneof message",
        "ping = 6: Ping, oneof message",
        "push = 7: Push, oneof message",
        "drain = 8: Drain, oneof message",
    ),
    _message(
        "Value",
        "A JSON value; null when nothing is set. `json` is the JSON text of an array or an object.",
        "text = 1: string, oneof kind",
        "number = 2: double, oneof kind",
        "whole = 3: sint64, oneof kind",
        "truth = 4: bool, oneof kind",
        "json = 5: string, oneof kind",
    ),
    _message(
        "Hello",
        "The first message.",
        "v = 1: uint32",
        "role = 2: string",
        "token = 3: string",
        "producer = 4: Producer",
        "sdk = 5: Sdk",
        "defaults = 6: Defaults",
    ),
    _message("Producer", "Who sends.", "id = 1: string", "epoch = 2: uint64", "next_seq = 3: uint64"),
    _message("Sdk", "With what.", "name = 1: string", "version = 2: string"),
    _message(
        "Defaults",
        "What each event has that does not say it itself.",
        "distinct_id = 1: string, optional",
        "session_id = 2: string, optional",
        "properties = 3: Value, map",
    ),
    _message("Auth", "A new token.", "token = 1: string"),
    _message("Pong", "The answer to a ping.", "now = 1: sint64", "sent = 2: sint64, optional"),
    _message(
        "Batch",
        "Events as rows.",
        "seq = 1: uint64",
        "sent_at = 2: sint64, optional",
        "backlog = 3: uint64",
        "events = 4: Event, repeated",
    ),
    _message(
        "Event",
        "One event. `iso` is its time as ISO 8601 text.",
        "event = 1: string, optional",
        "uuid = 2: string, optional",
        "timestamp = 3: sint64, oneof time",
        "iso = 4: string, oneof time",
        "distinct_id = 5: string, optional",
        "session_id = 6: string, optional",
        "window_id = 7: string, optional",
        "properties = 8: Value, map",
    ),
    _message(
        "Columns",
        "Events as columns. `untimed` are the indices of events without a time; their steps in `dt` are 0.",
        "seq = 1: uint64",
        "sent_at = 2: sint64, optional",
        "backlog = 3: uint64",
        "n = 4: uint32",
        "t0 = 5: sint64",
        "dt = 6: sint64, repeated",
        "untimed = 7: uint32, repeated",
        "event = 8: Column",
        "uuid = 9: Column",
        "distinct_id = 10: Column",
        "session_id = 11: Column",
        "window_id = 12: Column",
        "properties = 13: Column, map",
    ),
    _message(
        "Column",
        "Texts that come again in `d`, with each event's place in `i`, -1 for none; or one list, a value per event.",
        "d = 1: string, repeated",
        "i = 2: sint32, repeated",
        "texts = 3: string, repeated",
        "numbers = 4: double, repeated",
        "wholes = 5: sint64, repeated",
        "values = 6: Value, repeated",
    ),
    _message(
        "Welcome",
        "The answer to hello. `flags` is a JSON object.",
        "session = 1: string",
        "node = 2: string",
        "server_epoch = 3: string",
        "now = 4: sint64",
        "heartbeat_ms = 5: uint32",
        "limits = 6: Limits",
        "formats = 7: string, repeated",
        "resume = 8: Resume",
        "credit = 9: Credit",
        "flush_ms = 10: uint32",
        "level = 11: uint32",
        "ack = 12: string",
        "flags = 13: string",
    ),
    _message(
        "Limits",
        "What the server takes at most.",
        "max_frame = 1: uint64",
        "max_events = 2: uint32",
        "max_depth = 3: uint32",
    ),
    _message("Resume", "What the server remembers.", "known = 1: bool", "last_seq = 2: uint64"),
    _message("Credit", "How far the producer may go.", "max_seq = 1: uint64", "max_bytes = 2: uint64"),
    _message(
        "Ack",
        "Everything up to `seq` is on disk.",
        "seq = 1: uint64",
        "credit = 2: Credit",
        "level = 3: uint32",
        "flush_ms = 4: uint32",
        "wait_ms = 5: uint32",
        "verdicts = 6: Verdict, repeated",
    ),
    _message(
        "Verdict",
        "An event that was not plainly accepted.",
        "seq = 1: uint64",
        "index = 2: uint32",
        "outcome = 3: string",
        "reason = 4: string",
    ),
    _message("Nack", "A batch is missing.", "want = 1: uint64"),
    _message("Warn", "A batch was not applied.", "code = 1: string", "seq = 2: uint64"),
    _message("Error", "A message was not taken.", "code = 1: string", "seq = 2: uint64, optional"),
    _message("Ping", "Heartbeat.", "now = 1: sint64"),
    _message("Push", "What travels back; `flags` is a JSON object.", "flags = 1: string"),
    _message("Drain", "The server goes down.", "in_ms = 1: uint32"),
)

_SCALARS: Final = frozenset(("string", "double", "sint64", "sint32", "uint64", "uint32", "bool"))
_KIND: Final = descriptor_pb2.FieldDescriptorProto


def proto_text() -> str:
    """The schema as a `.proto` file."""
    lines = ["// The messages of docs/protocol.md. Made by `python -m tools.proto`.", "", 'syntax = "proto3";', ""]
    lines += [f"package {PACKAGE};", ""]
    for message in SCHEMA:
        lines += [f"// {message.comment}", f"message {message.name} {{"]
        within = ""
        for field in message.fields:
            oneof = field.rule.removeprefix("oneof ") if field.rule.startswith("oneof") else ""
            if within and oneof != within:
                lines.append("  }")
            if oneof and oneof != within:
                lines.append(f"  oneof {oneof} {{")
            within = oneof
            type_ = f"map<string, {field.type}>" if field.rule == "map" else field.type
            rule = f"{field.rule} " if field.rule in ("optional", "repeated") else ""
            lines.append(f"  {'  ' if oneof else ''}{rule}{type_} {field.name} = {field.number};")
        lines += ["  }", "}", ""] if within else ["}", ""]
    return "\n".join(lines)


def descriptor() -> Any:
    """The schema as a `FileDescriptorProto`."""
    file = descriptor_pb2.FileDescriptorProto(name="tidegate.proto", package=PACKAGE, syntax="proto3")
    for message in SCHEMA:
        made = file.message_type.add(name=message.name)
        for field in message.fields:
            _add_field(made, field)
        # Behind the real ones: each optional field is in a oneof of its own.
        for field, own in zip(message.fields, made.field, strict=True):
            if field.rule == "optional":
                own.proto3_optional, own.oneof_index = True, len(made.oneof_decl)
                made.oneof_decl.add(name=f"_{field.name}")
    return file


def _add_field(message: Any, field: Field) -> None:
    many = field.rule in ("repeated", "map")
    label = _KIND.LABEL_REPEATED if many else _KIND.LABEL_OPTIONAL
    made = message.field.add(name=field.name, number=field.number, label=label)
    if field.rule == "map":
        entry = message.nested_type.add(name=f"{field.name.title()}Entry")
        entry.options.map_entry = True
        _set_type(entry.field.add(name="key", number=1, label=_KIND.LABEL_OPTIONAL), "string")
        _set_type(entry.field.add(name="value", number=2, label=_KIND.LABEL_OPTIONAL), field.type)
        _set_type(made, f"{message.name}.{entry.name}")
        return
    _set_type(made, field.type)
    if field.rule.startswith("oneof "):
        name = field.rule.removeprefix("oneof ")
        if name not in [oneof.name for oneof in message.oneof_decl]:
            message.oneof_decl.add(name=name)
        made.oneof_index = len(message.oneof_decl) - 1


def _set_type(field: Any, type_: str) -> None:
    if type_ in _SCALARS:
        field.type = getattr(_KIND, f"TYPE_{type_.upper()}")
    else:
        field.type, field.type_name = _KIND.TYPE_MESSAGE, f".{PACKAGE}.{type_}"


_pool = descriptor_pool.DescriptorPool()
_pool.Add(descriptor())
CLIENT: Final[Any] = message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{PACKAGE}.ClientMessage"))
SERVER: Final[Any] = message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{PACKAGE}.ServerMessage"))
