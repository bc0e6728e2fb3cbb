"""The API routes over real sockets."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from gateway.server.kpiquery import KpiQuery
from tests.server.rig import ORIGIN, Raw, eventually, run
from tests.server.services import VIEW_KEY, answer_of, request, site


def test_health_and_readiness() -> None:
    """`/healthz` is 200 while the process works, `/readyz` only while traffic is welcome."""

    async def main() -> None:
        async with site() as at:
            assert (await at.ask("GET /healthz")).status == 200
            assert (await at.ask("GET /readyz")).json == {"ready": True}
            at.services.is_ready = False
            got = await at.ask("GET /readyz")
            assert (got.status, got.json) == (503, {"ready": False})
            assert int(got.headers["retry-after"]) > 0
            assert (await at.ask("GET /healthz")).status == 200

    run(main)


VIEWS = ["/v1/kpis", "/v1/kpis/x", "/v1/boards", "/v1/status", "/v1/quarantine", "/v1/quarantine/export"]


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize(
    "header",
    ["X: y", "Authorization: Bearer", "Authorization: Bearer ", "Authorization: Bearer wrong"]
    + [f"Authorization: Basic {VIEW_KEY}", f"Authorization: {VIEW_KEY}", f"Cookie: token={VIEW_KEY}"],
)
def test_views_need_the_key(path: str, header: str) -> None:
    """Without the key as a bearer token a view is 401, and nothing behind it is asked."""

    async def main() -> None:
        async with site() as at:
            got = await at.ask(f"GET {path}?token={VIEW_KEY}", header)
            assert (got.status, got.json) == (401, {"error": "unauthorized"})
            assert got.headers["www-authenticate"] == "Bearer"
            assert at.services.asked == []

    run(main)


@pytest.mark.parametrize("path", VIEWS)
def test_views_with_the_key(path: str) -> None:
    """With the key a view is JSON that nobody keeps."""

    async def main() -> None:
        async with site() as at:
            got = await at.view(f"GET {path}")
            assert got.status == 200
            kind = "application/x-ndjson" if path.endswith("/export") else "application/json"
            assert got.headers["content-type"] == kind
            assert got.headers["cache-control"] == "no-store"
            assert got.headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in got.headers
            assert (await at.ask(f"GET {path}", f"authorization: bearer  {VIEW_KEY} ")).status == 200

    run(main)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", KpiQuery("a b")),
        ("?from=1&to=2", KpiQuery("a b", 1, 2)),
        ("?from=-5", KpiQuery("a b", -5)),
        ("?to=0&format=csv&other=1", KpiQuery("a b", None, 0, "csv")),
        ("?from=7&to=7", KpiQuery("a b", 7, 7)),
        ("?limit=50000&after=-7.0", KpiQuery("a b", limit=50_000, after=(-7, 0))),
        ("?where=%22%24b%22%20=%20'x'", KpiQuery("a b", where="\"$b\" = 'x'")),
    ],
)
def test_rows_are_asked_for_as_given(query: str, asked: KpiQuery) -> None:
    """Name, times, format, condition and page reach the services; the name is unescaped."""

    async def main() -> None:
        async with site() as at:
            got = await at.view(f"GET /v1/kpis/a%20b{query}")
            assert got.status == 200
            assert at.services.asked == [asked]
            kind = "text/csv; charset=utf-8" if asked.fmt == "csv" else "application/json"
            assert got.headers["content-type"] == kind

    run(main)


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("from=", "bad_from"),
        ("from=x", "bad_from"),
        ("from=1.5", "bad_from"),
        ("from=1e3", "bad_from"),
        ("from=%2B1", "bad_from"),
        ("from=%D9%A1", "bad_from"),
        ("to=" + "9" * 16, "bad_to"),
        ("to=NaN", "bad_to"),
        ("from=2&to=1", "bad_range"),
        ("format=xml", "bad_format"),
        ("format=", "bad_format"),
        ("limit=0", "bad_limit"),
        ("limit=50001", "bad_limit"),
        ("limit=-1", "bad_limit"),
        ("limit=", "bad_limit"),
        ("after=5", "bad_after"),
        ("after=5.-1", "bad_after"),
        ("after=", "bad_after"),
        ("where=" + "x" * 2_001, "long_where"),
    ],
)
def test_bad_parameters_are_400(query: str, slug: str) -> None:
    """A parameter that is no number, no range or no format has its slug."""

    async def main() -> None:
        async with site() as at:
            got = await at.view(f"GET /v1/kpis/x?{query}")
            assert (got.status, got.json) == (400, {"error": slug})
            assert at.services.asked == []

    run(main)


def test_an_unknown_kpi_is_what_the_services_say() -> None:
    """The reply of the services is passed on."""

    async def main() -> None:
        async with site() as at:
            got = await at.view("GET /v1/kpis/none")
            assert (got.status, got.json) == (404, {"error": "unknown_kpi"})

    run(main)


def test_metrics_are_open_here_and_nowhere_else() -> None:
    """On loopback no key is needed; behind a proxy on the same machine it is."""

    async def main() -> None:
        async with site() as at:
            got = await at.ask("GET /metrics")
            assert got.status == 200
            assert got.headers["content-type"].startswith("text/plain; version=0.0.4")
            assert b"\ntidegate_ack_seconds_count 0.0\n" in got.body
            for header in ("X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "X-Real-IP: 127.0.0.1"):
                assert (await at.ask("GET /metrics", header)).status == 401
                assert (await at.view("GET /metrics", header)).status == 200

    run(main)


@pytest.mark.parametrize(
    ("line", "status", "slug"),
    [
        ("GET /nothing", 404, "not_found"),
        ("GET /v1/nothing", 404, "not_found"),
        ("POST /healthz", 405, "method"),
        ("DELETE /v1/events", 405, "method"),
        ("GET /v1/events", 405, "method"),
        ("PUT /v1/nothing", 404, "not_found"),
        ("GET /v1/ws", 426, "upgrade_required"),
    ],
)
def test_errors_are_json(line: str, status: int, slug: str) -> None:
    """What is not there or not possible says so in the one form of all errors."""

    async def main() -> None:
        async with site() as at:
            got = await at.ask(line)
            assert (got.status, got.json) == (status, {"error": slug})
            assert ("allow" in got.headers) == (status == 405)

    run(main)


def test_an_allowed_page_may_post() -> None:
    """With an allowed `Origin` the answer may be read by the page; the preflight says what it may send."""

    async def main() -> None:
        async with site() as at:
            got = await at.ask("OPTIONS /v1/events", f"Origin: {ORIGIN}", "Access-Control-Request-Method: POST")
            assert got.status == 204
            assert got.headers["access-control-allow-origin"] == ORIGIN
            got = await at.ask("POST /v1/events", f"Origin: {ORIGIN}", body=b"{}")
            assert (got.status, got.headers["access-control-allow-origin"]) == (200, ORIGIN)
            got = await at.ask("POST /v1/events", f"Origin: {ORIGIN}", "Content-Type: text/html", body=b"{}")
            assert (got.status, got.headers["access-control-allow-origin"]) == (415, ORIGIN)

    run(main)


@pytest.mark.parametrize("origin", ["null", "http://evil.example", ORIGIN + ".evil.example"])
def test_a_foreign_page_may_not_post(origin: str) -> None:
    """Another origin gets 403 for preflight and post, and its body reaches nobody."""

    async def main() -> None:
        async with site() as at:
            for method in ("OPTIONS", "POST"):
                got = await at.ask(f"{method} /v1/events", f"Origin: {origin}", body=b"{}")
                assert (got.status, got.json) == (403, {"error": "origin"})
                assert "access-control-allow-origin" not in got.headers
            assert at.services.posted == []

    run(main)


def test_a_drain_lets_only_health_through() -> None:
    """While draining everything but health, readiness and metrics is 503 with `Retry-After`; what runs is finished."""

    async def main() -> None:
        async with site(drain_ms=3000) as at:
            at.services.gate = asyncio.Event()
            raw = await Raw.connect(at.port)
            raw.writer.write(request("POST /v1/events", body=b"{}"))
            await eventually(lambda: bool(at.services.posted))
            at.services.is_draining = True
            for line in ("GET /", "GET /sdk.js", "POST /v1/events", "GET /v1/kpis", "GET /nothing"):
                got = await at.view(line)
                assert (got.status, got.json, got.headers["retry-after"]) == (503, {"error": "draining"}, "4")
            assert (await at.ask("GET /healthz")).status == 200
            assert (await at.ask("GET /metrics")).status == 200
            at.services.gate.set()
            assert (await answer_of(raw)).status == 200
            await raw.aclose()

    run(main)


def test_a_failing_service_is_500_and_says_nothing() -> None:
    """An exception is logged with the route, not with the request, and the client learns only that it happened."""

    async def main() -> None:
        async with site() as at:
            at.services.failure = ZeroDivisionError("inner-secret")
            with capture_logs() as logs:
                got = await at.ask("POST /v1/events", body=b'{"canary":1}')
            assert (got.status, got.json) == (500, {"error": "internal"})
            assert [line["event"] for line in logs] == ["request_failed"]
            assert logs[0]["route"] == "/v1/events"
            assert "canary" not in repr(logs)

    run(main)


def test_a_board_is_put_with_the_key() -> None:
    """Its name, its bytes and the version that it replaces go on; without the key nothing does."""

    async def main() -> None:
        async with site() as at:
            key = f"Authorization: Bearer {VIEW_KEY}"
            assert (await at.ask("PUT /v1/boards/main", body=b"{}")).status == 401
            got = await at.ask("PUT /v1/boards/main", key, 'If-Match: "v1"', body=b'{"name":"main"}')
            assert (got.status, got.json) == (200, {"version": "v2"})
            assert (await at.ask("PUT /v1/boards/a.b?before=main", key, body=b"x")).status == 200
            assert at.services.saved == [("main", b'{"name":"main"}', "v1", None), ("a.b", b"x", None, "main")]

    run(main)


def test_a_board_is_deleted_with_the_key() -> None:
    """Its name and the version that is to go are handed on; without the key nothing is."""

    async def main() -> None:
        async with site() as at:
            key = f"Authorization: Bearer {VIEW_KEY}"
            assert (await at.ask("DELETE /v1/boards/main")).status == 401
            got = await at.ask("DELETE /v1/boards/main", key, 'If-Match: "v1"')
            assert (got.status, got.json) == (200, {"version": ""})
            assert (await at.ask("DELETE /v1/boards/a.b", key)).status == 200
            assert at.services.deleted == [("main", "v1"), ("a.b", None)]

    run(main)


def test_boards_are_put_in_order_with_the_key() -> None:
    """The bytes and the version of the order that goes are handed on; nothing without the key, nor what is no JSON."""

    async def main() -> None:
        async with site() as at:
            key = f"Authorization: Bearer {VIEW_KEY}"
            assert (await at.ask("PUT /v1/boards", body=b"[]")).status == 401
            got = await at.ask("PUT /v1/boards", key, 'If-Match: "o1"', body=b'["a"]')
            assert (got.status, got.json) == (200, {"order": "o2"})
            assert (await at.ask("PUT /v1/boards", key, "Content-Type: text/html", body=b"[]")).status == 415
            assert (await at.ask("PUT /v1/boards", key, body=b" " * 131_073)).status == 413
            assert at.services.arranged == [(b'["a"]', "o1")]

    run(main)


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [(("Content-Type: text/html",), 2, 415), ((), 131_073, 413), ((), 131_072, 200)],
)
def test_a_board_has_a_bound(headers: tuple[str, ...], size: int, status: int) -> None:
    """In bytes, and it is JSON."""

    async def main() -> None:
        async with site() as at:
            key = f"Authorization: Bearer {VIEW_KEY}"
            got = await at.ask("PUT /v1/boards/main", key, *headers, body=b" " * size)
            assert got.status == status
            assert len(at.services.saved) == (1 if status == 200 else 0)

    run(main)
