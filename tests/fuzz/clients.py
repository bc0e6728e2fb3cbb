"""What a server says to the Python client, and what the client has written down for its next life."""

from __future__ import annotations

from contextlib import suppress

from client_sdk.python.backlog import Backlog
from client_sdk.python.encoding import encoding_of
from client_sdk.python.errors import MessageError
from client_sdk.python.event import encode_event
from client_sdk.python.journal import Saved
from client_sdk.python.messages import Match, Sdk
from client_sdk.python.producer import Producer
from client_sdk.python.viewer import Viewer
from tests.core.simulated_client import NOW
from tests.fuzz.messages import golden
from tests.fuzz.target import Target

__all__ = ["ANSWERS"]


def answers(data: bytes) -> None:
    """Whatever a server says, a line of bytes a frame, the client takes it or gives the connection up.

    Its books stay right: an event has one place in them, and none is accepted that was not sent.
    """
    for name in ("json", "msgpack", "protobuf"):
        with suppress(MessageError):
            encoding_of(name).decode(data)
    backlog = Backlog(Saved("00000000-0000-4000-8000-000000000001"))
    producer = Producer("wk", backlog, {}, Sdk("python", "0"))
    watching = Viewer("vk", "v", Sdk("python", "0"))
    watching.subscribe("events")
    watching.tail(Match())
    for number in range(3):
        producer.add(
            encode_event("e", {"n": number}, uuid=f"01934d0e-7b00-7000-8000-{number:012x}", timestamp=NOW), NOW
        )
    producer.flush()
    now = NOW
    for life in range(2):
        producer.hello(now)
        watching.hello(now)
        for frame in (golden("server")[0] if life == 0 else b"", *data.split(b"\n")):
            now += 1_000
            for session in (producer, watching):
                session.receive(frame, now)
                session.poll(now)
            assert backlog.ledger().balanced
        producer.lost(1006)
        watching.lost(1006)
    assert backlog.ledger().sent == 3


ANSWERS = Target(
    "answers",
    answers,
    (
        *golden("server"),
        b"\n".join(golden("server")),
        b'{"type":"ack","seq":1,"credit":{"max_seq":9,"max_bytes":999999},"level":0,"flush_ms":1,"verdicts":[[1,0,"drop","x"]]}',
        b'{"type":"nack","want":1}\n{"type":"nack","want":0}\n{"type":"ack","seq":99,"credit":{"max_seq":1,"max_bytes":1}'
        b',"level":3,"flush_ms":1,"wait_ms":9}',
    ),
    (
        *(
            b'"seq":',
            b'"want":',
            b'"credit":{',
            b'"max_seq":',
            b'"max_bytes":',
            b'"level":',
            b'"verdicts":[',
            b'"id":1',
        ),
        *(
            b"9007199254740993",
            b"-1",
            b"1e400",
            b"null",
            b"[]",
            b"{}",
            b"0",
            b"1",
            b"2",
            b"\n",
            b"NaN",
            b"\xff",
            b"\\ud800",
        ),
        *(b'"type":"welcome"', b'"type":"snapshot"', b'"type":"delta"', b'"type":"events"', b'"rows":[', b'"set":['),
        *(
            b'"known":false',
            b'"last_seq":',
            b'"parts":',
            b'"part":',
            b'"offset":',
            b'"prev":',
            b'"dims":{',
            b'"x":' * 40,
        ),
    ),
)
