"""One worker from the other side: what it may say, and what is left when it is gone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from gateway.server.session import Session
from gateway.wire.encoding import JSON
from gateway.wire.parcel import Kind
from gateway.workers.porter import _Question
from gateway.workers.setup import Whom
from tests.server.rig import Raw
from tests.server.serving import on_loop, producer_hello, serving, until, wire
from tests.server.talk import accepted, batch, producer
from tests.workers.rig import InLoop, colleagues, staff_of

NONSENSE = [
    (Kind.SEND, 1, b"x"),
    (Kind.MESSAGE, 99, b"{}"),
    (Kind.BATCHES, 0, b"\xc1"),
    (Kind.TAKEN, 0, b"x"),
    (Kind.WAITING, 99, b"\0\0\0\0"),
    (Kind.RELEASE, 0, b"1.1.1.1"),
    (Kind.REFUSED, 0, b"no cause"),
    (Kind.FOREIGN, 0, b"\xff"),
    (Kind.OPEN, 1, b"\xc1"),
    (Kind.OPEN, 1, b"\x94\xa1a\xc0\xc0\xa1x"),
    (Kind.CLOSED, 99, b"\0\0"),
    (Kind.MOVE, 1, b"\x92\xa1a\xa1b"),
    (Kind.ADMIT, 1, b""),
    (Kind.READY, 0, b"another"),
    (Kind.PULSE, 0, b"\xc1"),
    (Kind.TAKEN, 0, b"\xff" * 8),
    (Kind.HTTP_OPEN, 1, b""),
    (Kind.HTTP_OPEN, 1, b"\x00\xff"),
    (Kind.CLOSED, 99, b"\0"),
]


def test_a_worker_that_talks_nonsense_is_ended(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Whatever it is; its connections are lost, the others go on, and another takes its place."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            for nonsense in NONSENSE[:3]:
                await until(lambda: all(desk.is_listening for desk in staff_of(server)._desks))
                before = len(in_loop)
                raw = await Raw.open(server._listening.port)
                await until(lambda: server.house.sessions)
                (worker,) = [one for one in in_loop if one.returncode is None and one.station._entries]
                worker.link.put(*nonsense)
                assert await raw.rest() == b""
                await raw.aclose()
                await until(lambda before=before: len(in_loop) > before)  # type: ignore[misc]
                assert not server.house.sessions
                assert server.gate.open == 0

    on_loop(run)


@pytest.mark.parametrize("nonsense", NONSENSE, ids=str)
def test_nonsense_has_no_effect(tmp_path: Path, in_loop: list[InLoop], nonsense: tuple[Kind, int, bytes]) -> None:
    """It is refused as a whole, and said to be so."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            (first, second) = colleagues(server)
            in_loop[0].link.put(*nonsense)
            await until(lambda: first not in colleagues(server))
            assert colleagues(server)[0] is second
            assert (server.gate.open, first.connections) == (0, 0)
            assert sum(server.gate.refused.values()) == 0

    on_loop(run)


def test_a_page_that_a_worker_turns_away_is_known_where_operators_ask(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Its handshake is answered by the worker alone."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            assert len(colleagues(server)) == len(in_loop) == 2
            with pytest.raises(InvalidStatus):
                async with wire(server, origin="https://shop.example"):
                    pass
            await until(server.house.foreign.newest)
            assert [one.origin for one in server.house.foreign.newest()] == ["https://shop.example"]

    on_loop(run)


@pytest.mark.parametrize("kind", [Kind.OPEN, Kind.HTTP_OPEN])
def test_there_are_no_more_sockets_than_were_let_in(tmp_path: Path, in_loop: list[InLoop], kind: Kind) -> None:
    """A worker that opens one without a slot of the gate is ended: it could open any number."""
    body = msgspec.msgpack.encode(Whom("1.1.1.1", None, None, JSON)) if kind == Kind.OPEN else b"\x001.1.1.1"

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            (first, _) = colleagues(server)
            worker = in_loop[0]
            worker.link.put(Kind.ADMIT, 1, b"\x001.1.1.1")
            worker.station._porter._questions[1] = _Question(_Over(), "1.1.1.1", None)
            worker.link.put(kind, 1, body)
            await until(lambda: first.connections == 1)
            worker.link.put(kind, 2, body)
            await until(lambda: first not in colleagues(server))
            assert (server.gate.open, len(server.house.sessions)) == (0, 0)

    on_loop(run)


class _Over:
    """An asker whose slot is not given back."""

    is_over = False

    def decided(self, refusal: object) -> None:
        assert refusal is None


def test_what_no_socket_did_ends_the_worker(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """More bytes taken than were written, or a socket given back that nobody asked for."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            for kind, body in ((Kind.HTTP_TAKEN, b"\xff\xff\0\0"), (Kind.HTTP_BACK, b"")):
                await until(lambda: all(desk.is_listening for desk in staff_of(server)._desks))
                raw = await Raw.connect(server._listening.port)
                raw.writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                await until(lambda: any(one.lobby.conduits for one in colleagues(server)))
                (one,) = [one for one in colleagues(server) if one.lobby.conduits]
                worker = next(w for w in in_loop if w.returncode is None and w.station._entries)
                worker.link.put(kind, next(iter(one.lobby.conduits)), body)
                await until(lambda one=one: one not in colleagues(server))  # type: ignore[misc]
                await raw.aclose()
                assert server.gate.open == 0

    on_loop(run)


def test_a_session_that_fails_ends_its_own_socket(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 1011, as in one process; the worker and its other sockets go on."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as good, wire(server) as bad:
            await producer(good, producer="g")
            await producer(bad, producer="b")
            real = Session.batch

            def failing(session: Session, *args: object) -> None:
                if session._producer is not None and session._producer.producer.id == "b":
                    raise KeyError("bug")
                real(session, *args)  # type: ignore[arg-type]

            monkeypatch.setattr(Session, "batch", failing)
            await bad.say(batch(1))
            assert await bad.close_code() == 1011
            await good.say(batch(1))
            assert (await good.hear("ack"))["seq"] == 1
            assert len(colleagues(server)) == 2

    on_loop(run)


def test_a_producer_that_moves_to_another_worker_goes_on(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """The older connection is fenced wherever it is; what was sent twice counts once."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            seen: set[int] = set()
            seq = 0
            while len(seen) < 2:
                async with wire(server) as socket:
                    await socket.say(producer_hello(next_seq=seq + 1))
                    welcome = await socket.hear("welcome")
                    assert welcome["resume"]["last_seq"] == seq
                    await socket.say(batch(seq + 1))
                    assert (await socket.hear("ack"))["seq"] == seq + 1
                    await socket.say(batch(seq + 1))
                    seq += 1
                    seen |= {nth for nth, one in enumerate(colleagues(server)) if one.connections}
            assert accepted(server) == seq
            assert server.house.fold.ledger.duplicate == 0

    on_loop(run)


def test_the_older_of_two_connections_is_fenced_across_workers(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Each time another comes, the one before it is closed."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as first:
            await producer(first)
            async with wire(server) as second:
                await producer(second)
                assert await first.close_code() == 4009
                await second.say(batch(1))
                assert (await second.hear("ack"))["seq"] == 1

    on_loop(run)


def test_who_is_let_in_during_a_drain_is_sent_away(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """A worker that has not heard of it yet let it in."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            staff = staff_of(server)
            staff.tell = lambda: None  # type: ignore[method-assign]
            server.gate.draining = True
            async with wire(server) as late:
                assert await late.close_code() == 1012

    on_loop(run)
