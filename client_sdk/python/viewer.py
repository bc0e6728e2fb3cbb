"""The viewer's side of the protocol as a state machine. No socket, no clock: frames in, actions out.

Driven like a `Producer`: `hello`, `receive`, `poll`, `lost`. Subscriptions outlive connections, and go on from their
offset where the server still can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from client_sdk.python.actions import Action, Close, Noticed, Opened, Refused, Send, ViewChanged
from client_sdk.python.closecodes import Retry
from client_sdk.python.errors import MessageError
from client_sdk.python.messages import (
    Auth,
    ClientMessage,
    Delta,
    Drain,
    Events,
    Failure,
    Hello,
    Match,
    Notice,
    Ping,
    Resync,
    Sdk,
    ServerMessage,
    Snapshot,
    Unsubscribe,
    ViewerId,
    Visibility,
    Welcome,
    decode,
    encode,
)
from client_sdk.python.pulse import Pulse
from client_sdk.python.tail import Tail
from client_sdk.python.view import Outcome, View

__all__ = ["Viewer"]


class Viewer:
    """One viewer over any number of connections."""

    def __init__(self, key: str, viewer_id: str, sdk: Sdk) -> None:
        """`viewer_id` lets the server say at the next welcome why it cut the last connection."""
        self.key = key
        self._id = viewer_id
        self._sdk = sdk
        self._views: dict[int, View | Tail] = {}
        self._visible = True
        # The number of the newest subscription.
        self._last_id = 0
        # Liveness of the present connection; None between connections and once it is being closed.
        self._pulse: Pulse | None = None
        # True from the welcome on.
        self._welcomed = False
        # What goes out at the next poll; only filled while welcomed, since a welcome says everything anew.
        self._outbox: list[ClientMessage] = []

    @property
    def wake_at(self) -> int | None:
        """When `poll` is to be called next, in the caller's clock (ms); None: when something happens."""
        return self._pulse.deadline if self._pulse else None

    @property
    def hold_until(self) -> int:
        """Viewers are never told to hold."""
        return 0

    def subscribe(
        self, kpi: str, *, last: int = 300, max_hz: float | None = None, where: Mapping[str, Any] | None = None
    ) -> View:
        """Begin to watch a KPI; call `poll` next. The returned view is kept up to date until `unsubscribe`."""
        self._last_id += 1
        view = View(self._last_id, kpi, last=last, max_hz=max_hz, where=where)
        self._views[view.id] = view
        self._say(view.subscribe())
        return view

    def tail(self, match: Match, *, max_rate: float | None = None, max_hz: float | None = None) -> Tail:
        """Begin to watch single events; call `poll` next."""
        self._last_id += 1
        tail = Tail(self._last_id, match, max_rate=max_rate, max_hz=max_hz)
        self._views[tail.id] = tail
        self._say(tail.subscribe())
        return tail

    def unsubscribe(self, view: View | Tail) -> None:
        """Stop to watch; call `poll` next. Twice is once."""
        if self._views.pop(view.id, None) is not None:
            self._say(Unsubscribe(id=view.id))

    def show(self, visible: bool) -> None:
        """Nobody looks, or somebody does again: the server slows down for hidden viewers; call `poll` next."""
        if visible != self._visible:
            self._visible = visible
            self._say(Visibility(visible=visible))

    def authenticate(self, key: str) -> None:
        """Use another key from now on; call `poll` next."""
        self.key = key
        self._say(Auth(token=key))

    def hello(self, now: int) -> list[Action]:
        """A socket is open: what to send first."""
        self._pulse = Pulse(now)
        return [Send(encode(Hello(v=1, role="viewer", token=self.key, viewer=ViewerId(self._id), sdk=self._sdk)))]

    def lost(self, code: int) -> None:  # noqa: ARG002  # whatever the code, views stay and wait
        """The socket is gone. The views keep their rows and their place."""
        self._pulse = None
        self._welcomed = False
        self._outbox = []

    def receive(self, frame: bytes, now: int) -> list[Action]:
        """A text frame came."""
        if self._pulse is None:
            return []
        self._pulse.heard(now)
        try:
            messages = decode(frame)
        except MessageError:
            return self._close("not a message of version 1")
        return [action for message in messages for action in self._take(message, now)]

    def poll(self, now: int) -> list[Action]:
        """What is to be sent, or giving up a silent server."""
        if self._pulse is None:
            return []
        if now >= self._pulse.deadline:
            return self._close("the server is silent")
        outbox, self._outbox = self._outbox, []
        return [Send(encode(message)) for message in outbox]

    def _take(self, message: ServerMessage, now: int) -> list[Action]:
        match message:
            case Welcome():
                return self._welcome(message)
            case Snapshot() | Delta() | Events():
                return self._follow(message)
            case Ping():
                return [Send(encode(Pulse.answer(message, now)))]
            case Failure():
                view = self._views.get(message.id) if message.id is not None else None
                if view is None:
                    return [Refused(message.code)]
                view.refuse(message.code)
                return [ViewChanged(view.id)]
            case Notice():
                return [Noticed(message.code)]
            case Drain():
                return [Noticed("drain")]
            case _:  # acks and the like are for producers
                return []

    def _follow(self, message: Snapshot | Delta | Events) -> list[Action]:
        """A subscription has news; what is not of its kind, or of none, is passed over."""
        match self._views.get(message.id), message:
            case View() as view, Snapshot():
                return self._after(view, view.snapshot(message))
            case View() as view, Delta():
                return self._after(view, view.delta(message))
            case Tail() as tail, Events():
                return self._after(tail, tail.take_events(message))
            case _:
                return []

    def _welcome(self, welcome: Welcome) -> list[Action]:
        if self._pulse is not None:
            self._pulse.welcomed(welcome.heartbeat_ms)
        self._welcomed = True
        self._outbox = [view.subscribe() for view in self._views.values()]
        if not self._visible:
            self._outbox.append(Visibility(visible=False))
        return [Opened(), *([Noticed(f"evicted:{welcome.evicted}")] if welcome.evicted else [])]

    def _after(self, view: View | Tail, outcome: Outcome) -> list[Action]:
        if outcome is Outcome.RESYNC:
            return [Send(encode(Resync(id=view.id)))]
        return [ViewChanged(view.id)] if outcome is Outcome.CHANGED else []

    def _say(self, message: ClientMessage) -> None:
        if self._welcomed:
            self._outbox.append(message)

    def _close(self, reason: str) -> list[Action]:
        self._pulse = None
        return [Close(reason, Retry.BACKOFF)]
