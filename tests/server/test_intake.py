"""Bodies of `POST /v1/events`, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import os
import zlib

import pytest

from tests.server.rig import Raw, eventually, run
from tests.server.services import answer_of, request, site

BODY = b'{"events":[' + b'{"event":"a","timestamp":1},' * 20 + b'{"event":"b"}]}'
JSON = "Content-Type: application/json"
GZIP = "Content-Encoding: gzip"


@pytest.mark.parametrize(
    "headers", [(JSON,), ("Content-Type: text/plain;charset=UTF-8",), (), (JSON, "Content-Encoding: identity")]
)
def test_a_body_arrives_as_sent(headers: tuple[str, ...]) -> None:
    """JSON, a beacon's text, or a body that does not say what it is."""

    async def main() -> None:
        async with site() as at:
            got = await at.ask("POST /v1/events", *headers, body=BODY)
            assert (got.status, got.json) == (200, {"seq": 1, "verdicts": []})
            assert at.services.posted == [(BODY, "127.0.0.1")]

    run(main)


def test_a_chunked_body_arrives_whole() -> None:
    """A body without a length is put together; the limit holds for it too."""

    async def main() -> None:
        async with site(max_body=100) as at:
            for text, status in ((b"x" * 60, 200), (b"x" * 120, 413)):
                parts = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (text[:30], text[30:]))
                raw = await Raw.connect(at.port)
                raw.writer.write(request("POST /v1/events", JSON, "Transfer-Encoding: chunked") + parts + b"0\r\n\r\n")
                assert (await answer_of(raw)).status == status
                await raw.aclose()
            assert at.services.posted == [(b"x" * 60, "127.0.0.1")]

    run(main)


def test_gzip_is_unpacked() -> None:
    """A packed body arrives unpacked."""

    async def main() -> None:
        async with site(max_gzip_ratio=100) as at:
            assert (await at.ask("POST /v1/events", JSON, GZIP, body=gzip.compress(BODY))).status == 200
            assert at.services.posted[0][0] == BODY

    run(main)


BAD = {
    "text/html": (("Content-Type: text/html",), BODY, 415, "content_type"),
    "form": (("Content-Type: application/x-www-form-urlencoded",), BODY, 415, "content_type"),
    "deflate": ((JSON, "Content-Encoding: deflate"), zlib.compress(BODY), 415, "content_encoding"),
    "brotli": ((JSON, "Content-Encoding: br"), BODY, 415, "content_encoding"),
    "twice": ((JSON, "Content-Encoding: gzip, gzip"), BODY, 415, "content_encoding"),
    "no gzip": ((JSON, GZIP), BODY, 400, "bad_gzip"),
    "cut gzip": ((JSON, GZIP), gzip.compress(os.urandom(500))[:-9], 400, "bad_gzip"),
    "broken gzip": ((JSON, GZIP), gzip.compress(os.urandom(500))[:-9] + b"x" * 9, 400, "bad_gzip"),
    "two members": ((JSON, GZIP), gzip.compress(os.urandom(500)) * 2, 400, "bad_gzip"),
    "bomb": ((JSON, GZIP), gzip.compress(b" " * 900_000), 413, "gzip_ratio"),
    "large bomb": ((JSON, GZIP), gzip.compress(os.urandom(900_000) + b" " * 9_000_000), 413, "too_large"),
    "large": ((JSON,), b" " * 1_048_577, 413, "too_large"),
    "large gzip": ((JSON, GZIP), gzip.compress(os.urandom(1_100_000), 0), 413, "too_large"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_bodies_are_refused(name: str) -> None:
    """Each kind of unacceptable body has its status and slug, and nothing behind the routes hears of it."""
    headers, body, status, slug = BAD[name]

    async def main() -> None:
        async with site() as at:
            raw = await Raw.connect(at.port)
            raw.writer.write(request("POST /v1/events", *headers, body=body))
            got = await answer_of(raw)
            assert (got.status, got.json) == (status, {"error": slug})
            await raw.aclose()
            assert at.services.posted == []

    run(main)


def test_a_declared_length_is_refused_before_the_body() -> None:
    """Too large a length is answered while the body is still to come."""

    async def main() -> None:
        async with site() as at:
            raw = await Raw.connect(at.port)
            raw.writer.write(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
            got = await answer_of(raw)
            assert got.status == 413
            assert got.headers["connection"] == "close"
            assert await raw.rest() == b""
            await raw.aclose()

    run(main)


def test_a_slow_body_is_cut() -> None:
    """A body that drips is answered with 408 when its time is over, and the connection ends."""

    async def main() -> None:
        async with site(body_timeout_ms=200) as at:
            raw = await Raw.connect(at.port)
            raw.writer.write(request("POST /v1/events", JSON, "Content-Length: 500"))
            drip = asyncio.create_task(_drip(raw))
            got = await answer_of(raw)
            assert (got.status, got.json) == (408, {"error": "body_timeout"})
            assert await raw.rest() == b""
            drip.cancel()
            await raw.aclose()
            assert at.services.posted == []

    run(main)


async def _drip(raw: Raw) -> None:
    while True:
        raw.writer.write(b"x")
        await asyncio.sleep(0.02)


def test_a_body_that_breaks_off_reaches_nobody() -> None:
    """A client that hangs up in its body, or chunks it wrongly, leaves nothing behind."""

    async def main() -> None:
        async with site() as at:
            raw = await Raw.connect(at.port)
            raw.writer.write(request("POST /v1/events", JSON, "Content-Length: 500") + b"x" * 100)
            await raw.writer.drain()
            await raw.aclose()
            raw = await Raw.connect(at.port)
            raw.writer.write(request("POST /v1/events", JSON, "Transfer-Encoding: chunked") + b"zz\r\n")
            assert b" 400 " in (await raw.head())[:16]
            await raw.aclose()
            assert (await at.ask("GET /healthz")).status == 200
            assert at.services.posted == []

    run(main)


def test_bodies_are_bounded_together_and_the_oldest_goes() -> None:
    """Half bodies fill what may wait: the oldest are answered with 503, the newest ends as it should."""

    async def main() -> None:
        async with site(receive_pool=1) as at:
            holding = at.rig.door.terms.holding
            raws = []
            for number in range(6):
                raws.append(await Raw.connect(at.port))
                raws[-1].writer.write(request("POST /v1/events", JSON, "Content-Length: 400000") + b"x" * 399_999)
                await eventually(lambda: holding.cuts >= number - 1 and holding.bytes >= min(number + 1, 2) * 390_000)  # noqa: B023
            for raw in raws[:4]:
                got = await answer_of(raw)
                assert (got.status, got.json, got.headers["retry-after"]) == (503, {"error": "busy"}, "2")
                assert got.headers["connection"] == "close"
            raws[5].writer.write(b"x")
            assert (await answer_of(raws[5])).status == 200
            assert [len(body) for body, _ in at.services.posted] == [400_000]
            assert holding.cuts == 4
            for raw in raws:
                await raw.aclose()
            await eventually(lambda: holding.bytes == 0)

    run(main)


def test_without_room_a_post_is_refused_before_its_body() -> None:
    """503 at once, and the connection ends, for the body is still to come."""

    async def main() -> None:
        async with site() as at:
            at.services.room = 499
            raw = await Raw.connect(at.port)
            raw.writer.write(request("POST /v1/events", JSON, "Content-Length: 500"))
            got = await answer_of(raw)
            assert (got.status, got.json, got.headers["connection"]) == (503, {"error": "busy"}, "close")
            await raw.aclose()
            assert at.services.posted == []

    run(main)
