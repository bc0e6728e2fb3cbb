"""The producer's side of the protocol as a state machine. No socket, no clock: frames in, actions out.

    hello -> welcome -> batches within the window -> acks that extend it -> ... -> lost

The caller owns a socket and drives one life after another: `hello` once it is open, `receive` for every frame, `poll`
after each call and at `wake_at`, `lost` when the socket is gone. It must write the journal of the backlog before it
carries out what a call returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from client_sdk.python.actions import Action, Close, Opened, Pushed, Refused, Send, Verdict
from client_sdk.python.backlog import Backlog
from client_sdk.python.batch import ENVELOPE, Batch
from client_sdk.python.closecodes import Retry
from client_sdk.python.columnar import FORMAT
from client_sdk.python.encoding import JSON, Encoding
from client_sdk.python.errors import MessageError
from client_sdk.python.event import Event
from client_sdk.python.messages import (
    Ack,
    Auth,
    Drain,
    Failure,
    Hello,
    Nack,
    Ping,
    ProducerId,
    Push,
    Resume,
    Sdk,
    ServerMessage,
    Warn,
    Welcome,
)
from client_sdk.python.packer import Packer
from client_sdk.python.pulse import Pulse
from client_sdk.python.window import Window

__all__ = ["Producer"]

DRAIN_GRACE_MS = 5_000
"""A server that announced its end and is still there so long after it is left."""
LONGEST_HOLD_MS = 300_000
"""A server must not be able to hold a client for ever by mistake."""
HOLD = 3
"""The level at which no credit is given."""
STARVED_MS = 10_000
"""A window too small for the batch at hand, with no ack to wait for, is given so long to grow."""


class Producer:
    """One producer identity, over any number of connections."""

    def __init__(
        self, key: str, backlog: Backlog, defaults: Mapping[str, Any], sdk: Sdk, encoding: Encoding = JSON
    ) -> None:
        self.key = key
        self.backlog = backlog
        self.defaults = dict(defaults)
        self.packer = Packer(backlog)
        self._sdk = sdk
        # How its messages are written on the socket.
        self.encoding = encoding
        # Nothing is sent before this time: the server's `wait_ms`.
        self._hold_until = 0
        # Liveness of the present connection; None between connections and once it is being closed.
        self._pulse: Pulse | None = None
        # The credit of the present connection; None until its welcome.
        self._window: Window | None = None
        # The next number to send on the present connection; behind `next_seq` while resending.
        self._cursor = 0
        # True while the present connection has to be told a new key.
        self._renew = False
        # Whether the last `poll` had a batch that did not fit into the bytes of the window.
        self._short = False
        # Since when the window has been too small although no ack is awaited; None while that is not so.
        self._starved_at: int | None = None
        # When a draining server must be gone; None while it does not drain.
        self._drained_by: int | None = None
        # Whether the server of the present connection reads columns.
        self._columns = False
        # When `poll` has something to do, found by the last `poll`.
        self._wake_at: int | None = None

    @property
    def level(self) -> int:
        """The server's advice: 0 normal, 1 slower, 2 shed, 3 hold."""
        return self.packer.level

    @property
    def wake_at(self) -> int | None:
        """When `poll` is to be called next, in the caller's clock (ms); None: after the next frame or event."""
        return self._wake_at

    @property
    def hold_until(self) -> int:
        """No new connection is to be made before this time."""
        return self._hold_until

    def add(self, event: Event, now: int) -> tuple[bool, list[Verdict]]:
        """Take an event; never refuses. Returns whether to call `poll` now, and which events were given up for it."""
        gone = self.backlog.add(event, now, shedding=self.packer.shedding)
        return len(self.backlog.queue) == 1 or self.packer.full(), gone

    def flush(self) -> int:
        """Send what is queued without waiting for full batches. Returns the ordinal that `backlog.settled` asks for."""
        return self.packer.flush()

    def authenticate(self, key: str) -> None:
        """Use another key from now on; `poll` renews it on the present connection."""
        self.key = key
        self._renew = self._window is not None

    def hello(self, now: int) -> list[Action]:
        """A socket is open: what to send first."""
        self._pulse = Pulse(now)
        self._wake_at = self._pulse.deadline
        identity = ProducerId(self.backlog.producer_id, self.backlog.epoch, self.backlog.lowest_seq)
        hello = Hello(
            v=1, role="producer", token=self.key, producer=identity, sdk=self._sdk, defaults=self.defaults or None
        )
        return [Send(self.encoding.message(hello))]

    def lost(self, code: int) -> None:
        """The socket is gone, with this close code (1006 when none came)."""
        self._pulse = self._window = self._drained_by = self._starved_at = self._wake_at = None
        self._renew = False
        if code == 1009:
            self.packer.shrink()

    def receive(self, frame: bytes, now: int) -> list[Action]:
        """A frame came."""
        if self._pulse is None:
            return []
        self._pulse.heard(now)
        try:
            messages = self.encoding.decode(frame)
        except MessageError:
            return self._close("not a message of version 1", Retry.BACKOFF)
        actions: list[Action] = []
        for message in messages:
            if not self._alive():  # an earlier message of the frame ended the connection
                break
            actions += self._take(message, now)
        return actions

    def poll(self, now: int) -> list[Action]:
        """Whatever is due: batches, or giving up a silent server. Sets `wake_at`."""
        self._wake_at = None
        if self._pulse is None:
            return []
        if now >= self._pulse.deadline:
            return self._close("the server is silent", Retry.BACKOFF)
        if self._drained_by is not None and now >= self._drained_by:
            return self._close("the server drained", Retry.BACKOFF)
        actions: list[Action] = []
        if self._window is not None and self._drained_by is None:
            if self._renew:
                self._renew = False
                actions.append(Send(self.encoding.message(Auth(token=self.key))))
            while (batch := self._next(self._window, now, actions)) is not None:
                frame = self.encoding.batch(batch, self._columns)
                if not self._fits(len(frame), self._window):
                    if self._outgrown(batch, len(frame)):
                        self.packer.shrink(batch)
                        return actions + self._close("a frame that is too big", Retry.NOW)
                    self._short = True
                    break
                self._window.spend(len(frame))
                self._cursor = batch.seq + 1
                actions.append(Send(frame))
            actions += self._starve(self._window, now)
        if self._pulse is not None:
            self._sooner(self._pulse.deadline)
            self._sooner(self._drained_by)
        return actions

    def _next(self, window: Window, now: int, actions: list[Action]) -> Batch | None:
        """The batch to send now; None when there is none, or it must wait for credit, a hold or the flush interval."""
        backlog = self.backlog
        self._short = False
        if now < self._hold_until:
            if backlog.unacked or len(backlog.queue):
                self._sooner(self._hold_until)
            return None
        if not window.reaches(self._cursor):
            return None
        if self._cursor < backlog.next_seq:
            batch = backlog.unacked[self._cursor - backlog.lowest_seq]
            self._short = len(batch.frame()) > window.room
            return None if self._short else batch
        sealed, gone = self.packer.pack(now, window.room)
        actions += gone
        self._sooner(self.packer.due_at)
        self._short = sealed is None and self.packer.due_at is None and len(backlog.queue) > 0
        return sealed

    def _fits(self, size: int, window: Window) -> bool:
        """Whether a frame may go out. As JSON it may, but a binary encoding has nine bytes for `1.5`."""
        return size <= window.room and size <= self.packer.limits.max_frame

    def _outgrown(self, batch: Batch, size: int) -> bool:
        """Whether it never will, nor is there an ack to wait for, and a smaller one might."""
        awaited = self._cursor > self.backlog.lowest_seq
        return not awaited and (size > self.packer.limits.max_frame or len(batch.events) > 1)

    def _starve(self, window: Window, now: int) -> list[Action]:
        """Leave a connection whose window holds not even one batch, though every batch sent on it is acknowledged.

        A server short of credit may open with less than a batch that was sealed before; smaller ones may pass.
        """
        backlog = self.backlog
        if not self._short or self._cursor > backlog.lowest_seq or self.level >= HOLD:
            self._starved_at = None
            return []
        if self._starved_at is None:
            self._starved_at = now
        if now < self._starved_at + STARVED_MS:
            self._sooner(self._starved_at + STARVED_MS)
            return []
        if backlog.unacked and window.room > ENVELOPE:
            return self._start_over()
        return self._close("no credit", Retry.BACKOFF)

    def _take(self, message: ServerMessage, now: int) -> list[Action]:
        match message:
            case Welcome():
                return self._welcome(message)
            case Ack():
                return self._ack(message, now)
            case Nack():
                if not self.backlog.lowest_seq <= message.want <= self.backlog.next_seq:
                    return self._start_over()
                self._cursor = message.want
                return []
            case Ping():
                return [Send(self.encoding.message(Pulse.answer(message, now)))]
            case Drain():
                self._drained_by = now + min(message.in_ms, LONGEST_HOLD_MS) + DRAIN_GRACE_MS
                return []
            case Push():
                return [Pushed(message)]
            case Warn() | Failure():
                return [Refused(message.code)]
            case _:  # notices and KPI rows are for viewers
                return []

    def _alive(self) -> bool:
        return self._pulse is not None

    def _welcome(self, welcome: Welcome) -> list[Action]:
        assert self._pulse is not None
        if welcome.resume is None or welcome.credit is None:
            return self._close("welcome without credit", Retry.BACKOFF)
        self._pulse.welcomed(welcome.heartbeat_ms)
        self.packer.obey(welcome.limits)
        self._columns = FORMAT in (welcome.formats or ())
        actions: list[Action] = [Opened(), *self.packer.advise(welcome.level or 0, welcome.flush_ms or 0)]
        if self._out_of_step(welcome.resume) or self.packer.oversize():
            return actions + self._start_over()
        self._window = Window(welcome.credit)
        self._cursor = self.backlog.lowest_seq
        return actions

    def _ack(self, ack: Ack, now: int) -> list[Action]:
        if self._window is None:
            return []
        self._window.extend(ack.credit)
        self._hold_until = now + min(ack.wait_ms, LONGEST_HOLD_MS)
        if ack.seq >= self.backlog.next_seq:
            return self._start_over()
        actions: list[Action] = [*self.backlog.settle(ack.seq, ack.verdicts)]
        self._cursor = max(self._cursor, self.backlog.lowest_seq)
        return [*actions, *self.packer.advise(ack.level, ack.flush_ms)]

    def _out_of_step(self, resume: Resume) -> bool:
        """True when server and client do not agree on what was acknowledged, so that the numbers cannot go on."""
        if not resume.known:
            return self.backlog.acked
        # Below: it lost batches it had acknowledged. Above: it would take our next batches for repeats.
        return not self.backlog.lowest_seq - 1 <= resume.last_seq < self.backlog.next_seq

    def _start_over(self) -> list[Action]:
        self.backlog.raise_epoch()
        return self._close("new epoch", Retry.NOW)

    def _close(self, reason: str, retry: Retry) -> list[Action]:
        self._pulse = self._window = None
        return [Close(reason, retry)]

    def _sooner(self, at: int | None) -> None:
        if at is not None and (self._wake_at is None or at < self._wake_at):
            self._wake_at = at
