"""From the backlog to the server: one producer, its link, its HTTP fallback, its spool, and who waits for a flush."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from client_sdk.python.actions import Action, Close, Pushed, Refused, Verdict
from client_sdk.python.clock import Clock
from client_sdk.python.errors import ClosedError, SpoolError, StoppedError
from client_sdk.python.event import Event
from client_sdk.python.link import Link, State
from client_sdk.python.messages import Push
from client_sdk.python.posting import Posting
from client_sdk.python.producer import Producer
from client_sdk.python.spool import Spool
from client_sdk.python.transport import HttpPost, Opener

__all__ = ["Delivery", "Listeners"]

_log = logging.getLogger("tidegate.client")
IDLE_POST_S = 0.1
"""How often the fallback looks whether a batch is due."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks of the user, called in the loop. What they raise is logged and goes no further."""

    verdict: Callable[[Verdict], None] | None = None
    state: Callable[[State, str], None] | None = None
    push: Callable[[Push], None] | None = None


class Delivery:
    """Runs one producer. All methods belong to the loop's thread."""

    def __init__(
        self,
        producer: Producer,
        clock: Clock,
        opener: Opener,
        post: HttpPost | None,
        spool: Spool | None,
        listeners: Listeners,
    ) -> None:
        """`post` None: no HTTP fallback. `spool` None: nothing outlives the process."""
        self._producer = producer
        self._backlog = producer.backlog
        self._clock = clock
        self._post = post
        self._posting = Posting(producer)
        self._spool = spool
        self._listeners = listeners
        self._link = Link(
            producer,
            opener.open,
            clock,
            tell=self._tell,
            on_state=self._entered,
            without=self._post_due if post is not None else None,
            text=producer.encoding.text,
        )
        # Who waits for the events up to an ordinal to be settled.
        self._flushes: list[tuple[int, asyncio.Future[None]]] = []
        self._closed = False

    @property
    def state(self) -> State:
        """What the link is doing."""
        return self._link.state

    def start(self) -> None:
        """Begin, unless it has; needs a running loop."""
        if self._closed:
            raise ClosedError("the client is closed")
        if not self._link.started:
            self._link.start()

    def add(self, event: Event) -> None:
        """Take an event. With a spool it is in the file when this returns."""
        if self._closed:
            raise ClosedError("the client is closed")
        wake, gone = self._producer.add(event, self._clock.now())
        self._tell(gone)
        if wake:
            self._link.wake()

    def authenticate(self, key: str) -> None:
        """Use another key from now on, on the present connection too."""
        self._producer.authenticate(key)
        self._link.wake()

    async def flush(self, timeout: float | None) -> None:
        """See `AsyncClient.flush`."""
        if self._link.stopped is not None:
            raise StoppedError(*self._link.stopped)
        if self._closed:
            raise ClosedError("the client is closed")
        ordinal = self._producer.flush()
        if self._backlog.settled(ordinal):
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flushes.append((ordinal, done))
        self._link.wake()
        async with asyncio.timeout(timeout):
            await done

    async def close(self, timeout: float) -> None:
        """See `AsyncClient.close`."""
        if self._closed:
            return
        try:
            if self._link.started:
                with suppress(TimeoutError, StoppedError):
                    await self.flush(timeout)
        finally:
            self._closed = True
            try:
                await self._link.close()
            finally:
                if self._post is not None:
                    await self._post.close()
                if self._spool is not None:
                    self._spool.close()
                elif pending := self._backlog.ledger().pending:
                    _log.warning("%d events were not sent, and without a spool they end here", pending)

    def _tell(self, actions: Sequence[Action]) -> None:
        """Commit to the spool, then inform the user. Called before the link carries the actions out."""
        records = self._backlog.take_journal()
        if records and self._spool is not None:
            try:
                self._spool.write(records, self._backlog.ledger())
            except SpoolError as error:
                # Events go on from memory. The file stays consistent with an earlier moment: what it still holds is
                # sent again by the next process, and the server knows the uuids.
                _log.warning("the spool is given up: %s", error)
                self._spool.close()
                self._spool = None
        for action in actions:
            match action:
                case Verdict():
                    _call(self._listeners.verdict, action)
                case Pushed(message):
                    _call(self._listeners.push, message)
                case Refused(code):
                    _log.warning("the server answered %s", code)
                case _:
                    pass
        self._resolve()

    def _resolve(self) -> None:
        """Let go who waited for what is settled now."""
        if self._flushes:
            for ordinal, done in self._flushes:
                if not done.done() and self._backlog.settled(ordinal):
                    done.set_result(None)
            self._flushes = [(ordinal, done) for ordinal, done in self._flushes if not done.done()]

    def _entered(self, state: State, detail: str) -> None:
        if state is State.STOPPED:
            # Who neither flushes nor listens would never learn that a key is wrong.
            _log.warning("stopped for good: %s; nothing is sent any more", detail)
        if state in (State.STOPPED, State.CLOSED):
            error = StoppedError(*self._link.stopped) if self._link.stopped else ClosedError("the client is closed")
            for _, done in self._flushes:
                if not done.done():
                    done.set_exception(error)
            self._flushes = []
        _call(self._listeners.state, state, detail)

    async def _post_due(self) -> float | None:
        """No socket can be opened: post one batch if one is due. Returns the seconds until the next look."""
        assert self._post is not None
        now = self._clock.now()
        body, actions = self._posting.body(now)
        self._tell(actions)
        if body is None:
            return max(IDLE_POST_S, (self._posting.not_before - now) / 1_000)
        reply = await self._post.send(body)
        told = self._posting.reply(*reply, self._clock.now(), random.random())  # noqa: S311  # spreads load, no secret
        if reply.status == 200:
            self._link.posted()
        self._tell(told)
        for action in told:
            if isinstance(action, Close):
                self._link.stop(reply.status, action.reason)
        return 0


def _call(callback: Callable[..., None] | None, *values: object) -> None:
    """Run the user's code; its faults must not stop the delivery."""
    if callback is not None:
        try:
            callback(*values)
        except Exception:
            _log.exception("a callback failed")
