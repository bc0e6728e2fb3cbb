"""The endpoint of one socket: says hello, then is a producer or a viewer until it ends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_never

from gateway.core.access import FORBIDDEN
from gateway.core.bucket import spend
from gateway.core.enrichment import enriched
from gateway.core.producer import ProducerSession, flush_ms
from gateway.core.viewer import ViewerSession
from gateway.errors import ProtocolError
from gateway.server.terms import BURST_S, TOO_FAST, Channel
from gateway.wire.codec import Batch
from gateway.wire.encoding import Encoding
from gateway.wire.messages import Auth, ClientMessage, Hello, Pong, Resync, Subscribe, Unsubscribe, Visibility
from gateway.wire.replies import ErrorMessage, Ping, ServerMessage, WelcomeProducer, WelcomeViewer, encode

if TYPE_CHECKING:
    from gateway.server.house import House

__all__ = ["Session"]

VERSION = 1
BAD_MESSAGE = 4000
BAD_VERSION = 4006
FENCED = 4009

FIRST_PING_S = 1.0  # a page visit is often shorter than a heartbeat; its clock should be known all the same


class Session:
    """Implements `Endpoint` for the connection, and `Peer` and `ViewerPeer` for the core."""

    __slots__ = ("_conn", "_encoding", "_ending", "_house", "_paid_until", "_pinged", "_producer", "_viewer", "ready")

    def __init__(self, house: House) -> None:
        self._house = house
        self._conn: Channel | None = None
        # How its messages are written; None for JSON.
        self._encoding: Encoding | None = None
        # One of them after the hello, by role.
        self._producer: ProducerSession | None = None
        self._viewer: ViewerSession | None = None
        # Until when the messages that bring no batch are paid for; see `spend`.
        self._paid_until: float | None = 0.0
        # When the ping left that is still unanswered.
        self._pinged: int | None = None
        # True once we closed or cut it: what is left of the frame in hand is not handled.
        self._ending = False
        # Whether the hello has been taken.
        self.ready = False

    # ---- Endpoint -----------------------------------------------------------------------------------------------

    def opened(self, conn: Channel) -> None:
        """The handshake is done."""
        self._conn = conn
        self._encoding = conn.sender.encoding
        self._house.sessions[self] = None

    def message(self, data: bytes) -> None:
        """One frame: each message in it is decoded and handled, until one ends the connection."""
        encoding = self._encoding
        try:
            parts = (self._house.fold.codec if encoding is None else encoding).split(data)
        except ProtocolError as error:
            self._refuse(error)
            return
        for part in parts:
            if self._ending:
                return
            try:
                self._take(part if encoding is None else encoding.text(part), len(part))
            except ProtocolError as error:
                self._refuse(error)

    def batch(self, batch: Batch | bytes, size: int) -> None:
        """A batch message of `size` bytes that a worker has decoded, or its JSON."""
        if self._ending:
            return
        try:
            if type(batch) is Batch:
                self._batch(batch, size)
            else:
                self._take(batch, size)  # type: ignore[arg-type]  # bytes
        except ProtocolError as error:
            self._refuse(error)

    def writable(self) -> None:
        """The socket has taken what was written; a viewer may have more waiting."""
        if self._viewer is not None:
            self.flush(self._house.clock())

    def heartbeat(self) -> None:
        """A heartbeat is due."""
        if self._conn is not None:
            self._pinged = self._house.clock()
            self.say(Ping(self._pinged))

    def closed(self, code: int, reason: str) -> None:  # noqa: ARG002  # the connection has counted and logged both
        """The socket is gone."""
        self._conn = None
        self._ending = True
        self._house.sessions.pop(self, None)
        if self._producer is not None:
            self._house.ingest.leave(self._producer)
        if self._viewer is not None:
            self._house.hub.leave(self._viewer)

    # ---- Peer and ViewerPeer --------------------------------------------------------------------------------------

    def say(self, message: ServerMessage) -> None:
        """Send one message; nothing when the socket is gone."""
        if self._conn is not None:
            text = encode(message)
            self._conn.send(text if self._encoding is None else self._encoding.frame(text))

    def end(self, code: int) -> None:
        """Close with a code of the table."""
        self._ending = True
        if self._conn is not None:
            self._conn.close(code)

    def abort(self) -> None:
        """Cut the connection."""
        self._ending = True
        if self._conn is not None:
            self._conn.abort()

    # ---- roles ----------------------------------------------------------------------------------------------------

    @property
    def is_viewer(self) -> bool:
        """Whether it was welcomed as a viewer."""
        return self._viewer is not None

    def flush(self, now: int) -> None:
        """Send a viewer what is due; see it out when it is too slow."""
        viewer = self._viewer
        if viewer is not None:
            self._house.flush((viewer,), now)

    def _take(self, text: bytes, size: int) -> None:
        codec = self._house.fold.codec
        if not self.ready:
            self._hello(codec.hello(text))
            return
        message = codec.message(text)
        if type(message) is Batch:
            self._batch(message, size)
        elif self._in_time():
            self._handle(message)  # type: ignore[arg-type]  # what is no batch is a ClientMessage

    def _in_time(self) -> bool:
        """Whether one more message is within the rate; else this is the end."""
        self._paid_until = spend(self._paid_until, self._house.clock(), self._house.message_rate, BURST_S)
        if self._paid_until is None:
            self.end(TOO_FAST)
        return self._paid_until is not None

    def _batch(self, batch: Batch, size: int) -> None:
        producer = self._producer
        if producer is None:
            raise ProtocolError("wrong_role", BAD_MESSAGE)
        decision = producer.receive(batch, size, self._house.clock())
        if decision.arrival is not None:
            self._house.ingest.submit(decision.arrival)
        elif not self._in_time():
            return  # one that brings nothing new is a message like any other
        elif decision.again:
            self._house.ingest.acks.again(producer)
        elif decision.answer is not None:
            self.say(decision.answer)
        elif decision.close is not None:
            self.end(decision.close)

    def _handle(self, message: ClientMessage) -> None:
        match message:
            case Hello():
                raise ProtocolError("bad_message", BAD_MESSAGE)
            case Pong():
                self._pong(message)
            case Auth():
                if (refused := self._house.access.refusal(message.token, viewing=self.is_viewer)) is not None:
                    self.end(refused)
            case Subscribe() | Unsubscribe() | Resync() | Visibility():
                self._view(message)
            case _:
                assert_never(message)

    def _pong(self, pong: Pong) -> None:
        if pong.now != self._pinged:
            return  # not the answer to our last ping: measures nothing
        self._pinged = None
        if self._producer is not None and pong.sent is not None:
            self._producer.producer.clock.sample(pong.now, self._house.clock(), pong.sent)

    def _view(self, message: Subscribe | Unsubscribe | Resync | Visibility) -> None:
        viewer, hub, now = self._viewer, self._house.hub, self._house.clock()
        if viewer is None:
            raise ProtocolError("wrong_role", BAD_MESSAGE)
        if isinstance(message, Visibility):
            viewer.show(message.visible, now)
        else:
            try:
                match message:
                    case Subscribe():
                        hub.subscribe(viewer, message, now)
                    case Unsubscribe():
                        hub.unsubscribe(viewer, message.id)
                    case Resync():
                        if not viewer.resync(message.id):
                            raise ProtocolError("bad_subscription")
            except ProtocolError as error:
                self.say(ErrorMessage(error.slug, message.id))
                return
        self.flush(now)

    # ---- hello ----------------------------------------------------------------------------------------------------

    def _hello(self, hello: Hello) -> None:
        if hello.v != VERSION:
            self.end(BAD_VERSION)
        elif hello.role == "producer" and hello.producer is not None:
            self._hello_producer(hello)
        elif hello.role == "viewer" and self._encoding is not None:
            raise ProtocolError("wrong_role", BAD_MESSAGE)
        elif hello.role == "viewer":
            self._hello_viewer(hello)
        else:
            raise ProtocolError("bad_message", BAD_MESSAGE)

    def _hello_producer(self, hello: Hello) -> None:
        house = self._house
        if (refused := house.access.refusal(hello.token, viewing=False)) is not None:
            self.end(refused)
            return
        assert self._conn is not None
        defaults, defaults_json = enriched(hello.defaults, house.enricher.facts(self._conn.sender))
        claim_of = hello.producer
        assert claim_of is not None
        claim = house.fold.table.claim(claim_of.id, claim_of.epoch, claim_of.next_seq)
        if claim is None:
            self.end(FENCED)
            return
        producer = claim.producer
        if producer.owner is not None:
            fenced = producer.owner
            house.ingest.leave(fenced)
            fenced.peer.end(FENCED)
        session = ProducerSession(producer, house.pool, self, defaults, defaults_json)
        producer.owner = session
        self._producer = session
        self._welcome(hello)
        if producer.epoch_durable:
            self._welcome_producer(session, claim.known)
        else:
            # Once it has been told that the older epochs are fenced, a crash must not let one of them in again.
            house.ingest.fence(producer, partial(self._welcome_producer, session, claim.known))

    def _welcome_producer(self, session: ProducerSession, known: bool) -> None:
        if session.closed:
            return  # it left, or was fenced, while its epoch was on the way to disk
        house = self._house
        house.ingest.join(session)
        level = house.ingest.level
        self.say(
            WelcomeProducer(
                self._number(),
                house.node,
                house.epoch,
                house.clock(),
                house.heartbeat_ms,
                house.limits,
                known,
                session.producer.durable_seq,
                session.window.credit,
                flush_ms(level),
                level,
            )
        )
        house.later(FIRST_PING_S, self.heartbeat)

    def _hello_viewer(self, hello: Hello) -> None:
        house = self._house
        if (refused := house.access.refusal(hello.token, viewing=True)) is not None:
            self.end(refused)
            return
        assert self._conn is not None
        if not house.origins.may_view(self._conn.sender.origin):
            self.end(FORBIDDEN)
            return
        viewer_id = hello.viewer.id if hello.viewer is not None else None
        now = house.clock()
        self._viewer = ViewerSession(self, self._conn, viewer_id, house.viewer_limits, house.rows, house.hub.outgoing)
        house.hub.join(self._viewer)
        self._welcome(hello)
        evicted = house.hub.evicted(viewer_id, now)
        self.say(WelcomeViewer(self._number(), house.node, house.epoch, now, house.heartbeat_ms, house.limits, evicted))
        house.hub.remind(self._viewer)

    def _welcome(self, hello: Hello) -> None:
        self.ready = True
        self._house.metrics.welcomed(hello.role)

    def _number(self) -> str:
        self._house.numbers += 1
        return f"{self._house.node}-{self._house.numbers}"

    def _refuse(self, error: ProtocolError) -> None:
        self.say(ErrorMessage(error.slug))
        if error.close is not None:
            self.end(error.close)
        else:
            self._in_time()
