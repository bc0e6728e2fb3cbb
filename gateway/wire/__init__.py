"""Bytes to values and back. Pure."""

from gateway.wire.codec import Batch, Codec
from gateway.wire.events import EventReader, EventVerdict
from gateway.wire.replies import Limits, ServerMessage, encode
from gateway.wire.shape import Event

__all__ = ["Batch", "Codec", "Event", "EventReader", "EventVerdict", "Limits", "ServerMessage", "encode"]
