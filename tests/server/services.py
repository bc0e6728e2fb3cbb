"""A stand-in for what is behind the HTTP routes, and a client of one request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson

from gateway.config import Config
from gateway.server.door import holding_of
from gateway.server.enricher import Sender
from gateway.server.http import HttpSide
from gateway.server.kpiquery import KpiQuery
from gateway.server.metrics import Metrics
from gateway.server.rejected import ExportQuery, QuarantineQuery
from gateway.server.reply import Reply, error, json_reply
from tests.server.rig import ORIGIN, Raw, Rig, serving

VIEW_KEY = "vk_test"


class FakeServices:
    """Answers from memory and writes down what it was asked."""

    def __init__(self) -> None:
        self.is_ready = True
        self.is_draining = False
        self.posted: list[tuple[bytes, str]] = []
        self.asked: list[KpiQuery] = []
        self.saved: list[tuple[str, bytes, str | None, str | None]] = []
        self.deleted: list[tuple[str, str | None]] = []
        self.arranged: list[tuple[bytes, str | None]] = []
        self.failure: Exception | None = None
        self.room = 1 << 30
        # A post waits for it, when there is one.
        self.gate: asyncio.Event | None = None

    async def post_events(self, body: bytes, sender: Sender) -> Reply:
        self.posted.append((body, sender.address))
        if self.failure is not None:
            raise self.failure
        if self.gate is not None:
            await self.gate.wait()
        return json_reply(200, b'{"seq":1,"verdicts":[]}')

    def has_room(self, size: int) -> bool:
        return size <= self.room

    def may_post(self, origin: str) -> bool:
        return origin == ORIGIN

    def kpi_list(self) -> bytes:
        return b'{"kpis":[]}'

    async def kpi_rows(self, query: KpiQuery) -> Reply:
        self.asked.append(query)
        if query.name == "none":
            return error(404, "unknown_kpi")
        if query.fmt == "csv":
            return Reply(200, b"x,y\r\n", "text/csv; charset=utf-8")
        return json_reply(200, b'{"rows":[]}')

    def boards(self) -> bytes:
        return b'{"boards":[],"writable":true}'

    async def put_board(self, name: str, body: bytes, expected: str | None, before: str | None) -> Reply:
        self.saved.append((name, body, expected, before))
        return json_reply(200, b'{"version":"v2"}')

    async def delete_board(self, name: str, expected: str | None) -> Reply:
        self.deleted.append((name, expected))
        return json_reply(200, b'{"version":""}')

    async def arrange_boards(self, body: bytes, expected: str | None) -> Reply:
        self.arranged.append((body, expected))
        return json_reply(200, b'{"order":"o2"}')

    def status(self) -> bytes:
        return b'{"credit":{}}'

    async def rejected(self, query: QuarantineQuery) -> Reply:
        return json_reply(200, orjson.dumps({"reason": query.reason, "limit": query.limit}))

    async def export_rejected(self, query: ExportQuery) -> Reply:
        return Reply(200, orjson.dumps({"reason": query.reason, "after": query.after}), "application/x-ndjson")

    def authorize_view(self, token: str | None) -> bool:
        return token == VIEW_KEY

    def workers(self) -> tuple[int, int] | None:
        return None

    def ready(self) -> bool:
        return self.is_ready

    def draining(self) -> bool:
        return self.is_draining


class Got(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Site:
    """A running HTTP side."""

    def __init__(self, rig: Rig, services: FakeServices) -> None:
        self.rig = rig
        self.port = rig.port
        self.services = services

    async def ask(self, line: str, *headers: str, body: bytes = b"") -> Got:
        """One request on a socket of its own; `line` is method and path."""
        raw = await Raw.connect(self.port)
        raw.writer.write(request(line, *headers, "Connection: close", body=body))
        got = await answer_of(raw)
        assert await raw.rest() == b""
        await raw.aclose()
        return got

    async def view(self, line: str, *headers: str) -> Got:
        """One request with the view key."""
        return await self.ask(line, *headers, f"Authorization: Bearer {VIEW_KEY}")


@asynccontextmanager
async def site(*, demo_key: str | None = None, **settings: Any) -> AsyncIterator[Site]:
    """The HTTP side behind a real door."""
    services, config = FakeServices(), Config(**settings)
    holding = holding_of(config)
    side = HttpSide(config, services, Metrics(), holding, demo_key=demo_key)
    await side.start()
    try:
        async with serving(http=side.protocol, holding=holding, **settings) as rig:
            yield Site(rig, services)
    finally:
        await side.stop()


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """The bytes of a request; a body brings its length."""
    length = (f"Content-Length: {len(body)}",) if body else ()
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *headers, *length, "", ""]).encode("latin-1") + body


async def answer_of(raw: Raw, *, head_only: bool = False) -> Got:
    """The next answer on a socket."""
    head = (await raw.head()).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = 0 if head_only else int(headers.get("content-length", 0))
    return Got(int(first.split(" ")[1]), headers, await raw.reader.readexactly(length))
