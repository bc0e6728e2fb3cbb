"""What a client says decodes into the typed union."""

from __future__ import annotations

import pytest

from gateway.errors import ProtocolError
from gateway.wire import Codec
from gateway.wire.codec import Batch
from gateway.wire.messages import Auth, Hello, Pong, Resync, Subscribe, Unsubscribe, Visibility
from tests.wire.test_replies import golden

CLIENT = {
    "hello_producer": Hello,
    "hello_viewer": Hello,
    "auth": Auth,
    "batch": Batch,
    "columns": Batch,
    "pong": Pong,
    "subscribe": Subscribe,
    "subscribe_events": Subscribe,
    "unsubscribe": Unsubscribe,
    "resync": Resync,
    "visibility": Visibility,
}


@pytest.mark.parametrize("name", sorted(golden("client")))
def test_client_frames_decode_to_their_type(name: str, codec: Codec) -> None:
    """Each golden client frame decodes to one message of its type."""
    message = codec.message(golden("client")[name])
    assert type(message) is CLIENT[name]


def test_fields_of_a_subscription_survive(codec: Codec) -> None:
    """`from` is a Python keyword and still arrives."""
    message = codec.message(golden("client")["subscribe"])
    assert isinstance(message, Subscribe)
    assert message.start is not None
    assert (message.kpi, message.where, message.start.offset) == ("active_users", {"country": "DE"}, 12)


def test_fields_of_a_wish_for_events_survive(codec: Codec) -> None:
    """What events, how many a second, from where."""
    message = codec.message(golden("client")["subscribe_events"])
    assert isinstance(message, Subscribe)
    match = message.match
    assert (message.kpi, message.topic, message.max_rate) == (None, "events", 20)
    assert (match.event, match.distinct_id, match.verdict, match.reason) == (
        "purchase",
        "u1",
        "drop",
        "schema:properties",
    )
    assert match.properties == {"country": "DE"}


@pytest.mark.parametrize(
    "fields",
    [
        "",
        '"kpi":"a","topic":"events"',
        '"topic":"events","max_rate":0',
        '"topic":"events","max_rate":1e9',
        '"topic":"events","match":{"verdict":"maybe"}',
        '"topic":"events","match":{"properties":{"a":[1]}}',
        '"topic":"events","match":{"event":""}',
        '"topic":"events","match":7',
    ],
)
def test_a_crooked_subscription_is_a_bad_message(codec: Codec, fields: str) -> None:
    """Neither or both of KPI and topic, a rate out of bounds, a match that is none."""
    with pytest.raises(ProtocolError) as caught:
        codec.message(b'{"type":"subscribe","id":1%b}' % (b"," + fields.encode() if fields else b""))
    assert (caught.value.slug, caught.value.close) == ("bad_message", 4000)
