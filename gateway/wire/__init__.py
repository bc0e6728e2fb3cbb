"""Bytes to values and back. Pure."""

from gateway.wire.codec import Batch, Codec
from gateway.wire.events import Event, EventReader, EventVerdict
from gateway.wire.replies import Limits, ServerMessage, encode

__all__ = ["Batch", "Codec", "Event", "EventReader", "EventVerdict", "Limits", "ServerMessage", "encode"]
