"""Frames and close reasons."""

from __future__ import annotations

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from gateway.errors import CLOSE_CODES
from gateway.server.frames import binary_frame, close_reason, frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])
def test_frames_are_what_the_package_reads_and_writes(size: int) -> None:
    """For each length form, our bytes are those of the package, and its client reads the payload back."""
    payload = b"x" * size
    made = frame(payload)
    assert made == Frame(Opcode.TEXT, payload).serialize(mask=False)
    client = ClientProtocol(parse_uri("ws://localhost/"), state=OPEN, max_size=None)
    client.receive_data(made)
    (event,) = client.events_received()
    assert isinstance(event, Frame)
    assert (event.opcode, event.fin, event.data) == (Opcode.TEXT, True, payload)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_binary_frames_differ_in_their_opcode(size: int) -> None:
    """And in nothing else."""
    payload = b"\x80" * size
    assert binary_frame(payload) == Frame(Opcode.BINARY, payload).serialize(mask=False)


def test_reasons_come_from_the_table() -> None:
    """Without a reason of its own a code has the table's, an unknown code has none."""
    assert all(close_reason(code) == row.reason for code, row in CLOSE_CODES.items())
    assert close_reason(4999) == ""
    assert close_reason(4000, "because") == "because"


@pytest.mark.parametrize("text", ["x" * 300, "é" * 300, "x" + "€" * 300, "😀" * 99])
def test_long_reasons_are_cut_between_characters(text: str) -> None:
    """A reason of any length fits a close frame and is still valid text."""
    reason = close_reason(4000, text)
    assert text.startswith(reason)
    assert 119 < len(reason.encode()) <= 123
    assert Close.parse(Close(4000, reason).serialize()).reason == reason
