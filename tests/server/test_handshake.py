"""The opening handshake, as bytes. The refusals are in test_door, over sockets."""

from __future__ import annotations

import pytest

from gateway.server.handshake import answer, wants_websocket
from tests.server.rig import ORIGIN, upgrade


def judge(head: bytes) -> tuple[int, bytes, str | None]:
    """The answer to `head`, when only our origin may connect."""
    return answer(head, lambda origin: origin == ORIGIN)[:3]


def test_the_accept_key_is_that_of_the_rfc() -> None:
    """The example of RFC 6455, 1.3, gets the accept key that is printed there."""
    status, data, origin = judge(upgrade(sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ=="))
    assert status == 101
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in data
    assert data.endswith(b"\r\n\r\n")
    assert origin is None


def test_the_origin_is_reported() -> None:
    """An allowed origin opens, and the connection learns it."""
    assert judge(upgrade(origin=ORIGIN))[::2] == (101, ORIGIN)


def test_who_asks_is_reported() -> None:
    """The agent, and the addresses that proxies wrote, in however many lines."""
    found = answer(
        upgrade("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.7", user_agent="Fire/1"), lambda _: True
    )
    assert (found.forwarded, found.agent) == ("6.6.6.6, 203.0.113.7", "Fire/1")
    assert answer(upgrade(), lambda _: True)[3:5] == (None, None)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("tidegate.v1", "tidegate.v1"),
        ("tidegate.v1+msgpack", "tidegate.v1+msgpack"),
        ("x, tidegate.v1+msgpack", "tidegate.v1+msgpack"),
        ("tidegate.v1+msgpack, tidegate.v1", "tidegate.v1"),
    ],
)
def test_the_subprotocol_is_reported(offered: str, chosen: str) -> None:
    """It says how messages are written; of several the server likes JSON best."""
    found = answer(upgrade(sec_websocket_protocol=offered), lambda _: True)
    assert (found.status, found.subprotocol) == (101, chosen)
    assert f"\r\nSec-WebSocket-Protocol: {chosen}\r\n".encode() in found.data


def test_what_the_door_lets_in_is_read() -> None:
    """How large a head may be is decided there, by settings, and not once more by the package."""
    assert judge(upgrade("x: " + "y" * 100_000, *["x: y"] * 1_000))[0] == 101


def test_a_query_is_no_other_path() -> None:
    """A query behind the path is ignored; credentials do not belong there, but a cache buster may."""
    assert judge(upgrade(path="/v1/ws?v=2"))[0] == 101


def test_no_extension_is_ever_agreed() -> None:
    """Compression is declined however it is asked for."""
    status, data, _ = judge(upgrade("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15"))
    assert status == 101
    assert b"extensions" not in data.lower()


@pytest.mark.parametrize("status", [405, 426])
def test_refusals_say_what_would_be_right(status: int) -> None:
    """A wrong method is told the right one, a missing upgrade which one."""
    head = upgrade().replace(b"GET", b"PUT") if status == 405 else upgrade(drop=("connection",))
    got, data, _ = judge(head)
    assert got == status
    assert (b"\r\nAllow: GET\r\n" if status == 405 else b"\r\nUpgrade: websocket\r\n") in data


@pytest.mark.parametrize(
    ("head", "wants"),
    [
        (upgrade(), True),
        (upgrade(upgrade="WebSocket"), True),
        (b"GET / HTTP/1.1\r\nUPGRADE:websocket\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nUpgrade: h2c, websocket\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nUpgrade-Insecure-Requests: 1\r\nx: websocket\r\n\r\n", False),
        (b"GET /?upgrade:websocket HTTP/1.1\r\nx: Upgrade: websocket\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", False),
    ],
)
def test_only_the_upgrade_header_makes_an_upgrade(head: bytes, wants: bool) -> None:
    """The word elsewhere in the head does not count; case and spacing do not matter."""
    assert wants_websocket(head) is wants
