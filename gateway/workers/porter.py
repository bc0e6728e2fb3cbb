"""The gate as a worker has it: questions go to the analytics process, which counts the sockets of all workers."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import msgspec

from gateway.core.foreign import MOST_CHARS
from gateway.core.gate import AcceptGate, Refusal
from gateway.wire.parcel import Kind, Parcel, ParcelError
from gateway.workers.link import Link
from gateway.workers.setup import Refused

__all__ = ["MOST_ASKING", "Asker", "Porter"]

MOST_ASKING: Final = 2_048
"""Sockets that may wait for an answer; with more, something is wrong on the other side and further ones are dropped."""

_decode_refused = msgspec.msgpack.Decoder(Refused).decode
_encode = msgspec.msgpack.Encoder().encode


class Asker(Protocol):
    """A socket that waits for an answer."""

    @property
    def is_over(self) -> bool:
        """Whether it is closing, so that there is nothing to decide any more."""

    def decided(self, refusal: Refusal | None) -> None:
        """It may stay, or why not."""


class _Question(NamedTuple):
    asker: Asker
    # Under which address there is a slot when the answer is yes, and when it is no; None for none.
    yes: str
    no: str | None


class Porter(AcceptGate):
    """`ask` and `ask_to_move` put the questions. What the door asks itself is answered as the last answer was."""

    def __init__(self, link: Link) -> None:
        super().__init__(1, 1, 1)
        self._link = link
        self._questions: dict[int, _Question] = {}
        # Those whose asker has gone meanwhile are not in the dictionary above.
        self._gone: dict[int, _Question] = {}
        self._last = 0
        # What the door hears next.
        self._answer: Refusal | None = None
        # Whether there is too much of everything.
        self.overloaded = False

    @property
    def crowded(self) -> bool:
        """Whether no more questions should be asked."""
        return len(self._questions) + len(self._gone) >= MOST_ASKING

    def ask(self, asker: Asker, ip: str, shared: bool) -> int:
        """May a socket of this address stay? The number of the question."""
        return self._put(_Question(asker, ip, None), Kind.ADMIT, b"%c%b" % (shared, ip.encode()))

    def ask_to_move(self, asker: Asker, ip: str, client: str) -> int:
        """The same, of a socket that was admitted under `ip` and is `client`'s; the slot is the question's now."""
        return self._put(_Question(asker, client, ip), Kind.MOVE, _encode((ip, client)))

    def forget(self, number: int) -> None:
        """The asker is gone: whatever slot the answer leaves is given back."""
        question = self._questions.pop(number, None)
        if question is not None:
            self._gone[number] = question

    def _put(self, question: _Question, kind: Kind, body: bytes) -> int:
        self._last = (self._last + 1) & 0xFFFFFFFF
        self._questions[self._last] = question
        self._link.put(kind, self._last, body)
        return self._last

    def answered(self, parcel: Parcel) -> None:
        """An answer came."""
        refusal = None
        if len(parcel.body):
            try:
                told = _decode_refused(parcel.body)
            except msgspec.MsgspecError as error:
                raise ParcelError(f"no refusal: {error}") from None
            refusal = Refusal(told.status, told.retry_after, told.cause)
        question = self._gone.pop(parcel.number, None) or self._questions.pop(parcel.number, None)
        if question is None:
            raise ParcelError("an answer to no question")
        if question.asker.is_over:
            slot = question.yes if refusal is None else question.no
            if slot is not None:
                self.release(slot)
        else:
            self._answer = refusal
            question.asker.decided(refusal)

    # What the door calls.

    def admit(self, ip: str, now: int, *, shared: bool = False) -> Refusal | None:  # noqa: ARG002
        """The answer that has just come."""
        return self._answer

    def move(self, ip: str, client: str, now: int) -> Refusal | None:  # noqa: ARG002
        """Nothing to move; else `ask_to_move` is for it."""
        assert ip == client
        return None

    def release(self, ip: str) -> None:
        """Give the slot back."""
        self._link.put(Kind.RELEASE, 0, ip.encode())

    def fault(self, ip: str, now: int) -> None:  # noqa: ARG002
        """A socket of this address broke a rule."""
        self._link.put(Kind.FAULT, 0, ip.encode())

    def turn_away(self, origin: str) -> None:
        """A page of this origin may not open a socket: operators are told by the other process."""
        self._link.put(Kind.FOREIGN, 0, origin[:MOST_CHARS].encode(errors="replace"))

    def _refuse(self, status: int, retry_after: int, cause: str) -> Refusal:
        self._link.put(Kind.REFUSED, 0, cause.encode())
        return Refusal(status, retry_after, cause)
