"""A listening door with an endpoint that records, and a raw client: what the transport tests stand on."""

from __future__ import annotations

import asyncio
import os
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from struct import pack
from typing import Any, ClassVar, cast

import uvloop

from gateway.config import Config
from gateway.core.gate import AcceptGate
from gateway.core.holding import Holding
from gateway.server.connection import Connection
from gateway.server.door import Door, FirstRequest, HttpFactory, Tenancy, gate_of, holding_of
from gateway.server.terms import Holder
from gateway.server.wheel import Wheel

DEADLINE_S = 60.0
ORIGIN = "http://shop.example"
LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


def run(main: Callable[[], Awaitable[None]], loop: str = "uvloop") -> None:
    """Run `main` to its end on a fresh loop of the named kind."""

    async def bounded() -> None:
        try:
            async with asyncio.timeout(DEADLINE_S * 3):
                await main()
        finally:
            # A test that failed leaves its client open, and uvloop cannot close over that when warnings are errors.
            while Raw.opened:
                transport = Raw.opened.pop().writer.transport
                if not transport.is_closing():  # or else Python's own over TLS has no protocol any more
                    transport.abort()
            await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(bounded())


class Recorder:
    """An endpoint that writes down what happens and lets a test wait for it."""

    def __init__(self) -> None:
        self.ready = True
        self.conn: Connection | None = None
        self.messages: list[bytes] = []
        self.closes: list[tuple[int, str]] = []
        self.beats = 0
        self.drained = 0
        # Called with each message; may raise or answer.
        self.react: Callable[[bytes], None] = lambda _data: None
        self._news = asyncio.Event()

    def opened(self, conn: Connection) -> None:
        self.conn = conn
        self._news.set()

    def message(self, data: bytes) -> None:
        self.messages.append(data)
        self._news.set()
        self.react(data)

    def closed(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))
        self._news.set()

    def writable(self) -> None:
        self.drained += 1
        self._news.set()

    def heartbeat(self) -> None:
        self.beats += 1
        self._news.set()

    async def until(self, condition: Callable[[Recorder], bool]) -> None:
        """Wait for `condition`, looked at after each call from the connection."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition(self):
                self._news.clear()
                await self._news.wait()


class Echo(asyncio.Protocol):
    """Stands for the HTTP side: answers each chunk with its length, to show which bytes were handed over."""

    def __init__(self, guest: Tenancy) -> None:
        self._guest = guest

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not every loop's transports are subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"http:" + data)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._guest.lost()


class Rig:
    """The server's side of a test."""

    def __init__(self, door: Door, wheel: Wheel, port: int) -> None:
        self.door = door
        self.wheel = wheel
        self.port = port
        self.endpoints: list[Recorder] = []
        self.overloaded = False

    @property
    def gate(self) -> AcceptGate:
        return self.door.gate

    async def endpoint(self, index: int = 0) -> Recorder:
        """The endpoint of the socket that opened as number `index`."""
        await eventually(lambda: len(self.endpoints) > index)
        return self.endpoints[index]


async def eventually(condition: Callable[[], bool]) -> None:
    """Give the loop turns until `condition` holds."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def serving(
    *,
    http: HttpFactory = Echo,
    server_tls: ssl.SSLContext | None = None,
    ready: bool = True,
    holding: Holding[Holder] | None = None,
    **settings: Any,
) -> AsyncIterator[Rig]:
    """A door on a free port with `settings` over the defaults; `ready` is what its endpoints start as."""
    config = Config(**settings)
    loop = asyncio.get_running_loop()
    wheel = Wheel()
    wheel.start(loop)
    gate = gate_of(config, config.max_connections)

    def endpoint() -> Recorder:
        recorder = Recorder()
        recorder.ready = ready
        rig.endpoints.append(recorder)
        return recorder

    door = Door(
        config,
        wheel,
        gate,
        endpoint,
        http,
        lambda origin: origin == ORIGIN,
        loop,
        holding_of(config) if holding is None else holding,
        lambda: rig.overloaded,
    )
    accepted: list[FirstRequest] = []

    def accept() -> FirstRequest:
        accepted.append(door())
        return accepted[-1]

    server = await loop.create_server(accept, "127.0.0.1", 0, ssl=server_tls, backlog=1024)
    rig = Rig(door, wheel, server.sockets[0].getsockname()[1])
    try:
        yield rig
    finally:
        server.close()
        for first in accepted:
            if hasattr(first, "_transport"):
                first._transport.abort()
        await eventually(lambda: all(len(recorder.closes) == 1 for recorder in rig.endpoints if recorder.conn))
        wheel.stop()


class Raw:
    """A client that writes and reads bytes, so that it can do what no client library would."""

    # All that were opened in this run of a loop.
    opened: ClassVar[list[Raw]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.opened.append(self)

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext | None = None) -> Raw:
        return cls(
            *await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost" if tls else None)
        )

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext | None = None) -> Raw:
        """Connected, with the handshake done."""
        raw = await cls.connect(port, tls)
        raw.writer.write(upgrade())
        head = await raw.head()
        assert head.startswith(b"HTTP/1.1 101 "), head
        return raw

    async def head(self) -> bytes:
        """The head of an HTTP answer."""
        async with asyncio.timeout(DEADLINE_S):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        """All that still comes until the server ends the stream; a reset counts as an end."""
        data = b""
        async with asyncio.timeout(DEADLINE_S):
            try:
                while chunk := await self.reader.read(65_536):
                    data += chunk
            except OSError:
                pass
        return data

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next server frame, which must be whole and unmasked."""
        async with asyncio.timeout(DEADLINE_S):
            first, second = await self.reader.readexactly(2)
            assert first & 0x80
            size = second
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8), "big")
            return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        """The code of the server's close frame, after any other frames."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 8:
                return int.from_bytes(payload[:2], "big")

    async def aclose(self) -> None:
        """Hang up."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


def upgrade(*extra: str, path: str = "/v1/ws", drop: tuple[str, ...] = (), **headers: str) -> bytes:
    """A handshake request. `headers` replace those of the same name (`_` for `-`), `drop` leaves some out."""
    fields = {
        "host": "localhost",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": b64encode(os.urandom(16)).decode(),
        "sec-websocket-version": "13",
        "sec-websocket-protocol": "tidegate.v1",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in fields.items() if name not in drop]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, *extra, "", ""]).encode("latin-1")


def masked(payload: bytes = b"", opcode: int = 1, *, fin: bool = True, mask: bool = True, rsv: int = 0) -> bytes:
    """A client frame. The key is zero, so that the payload stays legible; `mask=False` breaks the rule."""
    first = (0x80 if fin else 0) | rsv | opcode
    flag = 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        head = pack("!BB", first, flag | size)
    elif size < 65_536:
        head = pack("!BBH", first, flag | 126, size)
    else:
        head = pack("!BBQ", first, flag | 127, size)
    return head + (bytes(4) if mask else b"") + payload
