"""What a client says decodes into the typed union."""

from __future__ import annotations

import pytest

from gateway.wire import Codec
from gateway.wire.codec import Batch
from gateway.wire.messages import Auth, Hello, Pong, Resync, Subscribe, Unsubscribe, Visibility
from tests.wire.test_replies import golden

CLIENT = {
    "hello_producer": Hello,
    "hello_viewer": Hello,
    "auth": Auth,
    "batch": Batch,
    "pong": Pong,
    "subscribe": Subscribe,
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
