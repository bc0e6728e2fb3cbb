"""The HTTP routes: parse and check what is asked, ask the services, answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Protocol

import structlog
from aiohttp import web

from gateway.config import Config
from gateway.core.holding import Holding
from gateway.core.proxies import Proxies
from gateway.server.cors import allow, preflight
from gateway.server.enricher import Sender
from gateway.server.handshake import wants_websocket
from gateway.server.httpsocket import HttpSocket
from gateway.server.intake import read_body
from gateway.server.kpiquery import KpiQuery, read_query
from gateway.server.policy import API
from gateway.server.rejected import ExportQuery, QuarantineQuery, read_export_query, read_quarantine_query
from gateway.server.reply import Reply, busy, error, json_reply
from gateway.server.terms import Holder

__all__ = ["ApiRoutes", "Services", "answer", "guard"]

_log = structlog.get_logger("tidegate.http")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
_DRAIN_FREE: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_MAX_BOARD: Final = 131_072
"""Bytes of a board: what 120 tiles and 500 annotations take, written generously."""
_SLUGS: Final = {404: "not_found", 405: "method", 413: "too_large"}


class Services(Protocol):
    """What stands behind the routes."""

    async def post_events(self, body: bytes, sender: Sender) -> Reply:
        """Take a batch; answer when it is durable or refused."""

    def has_room(self, size: int) -> bool:
        """Whether a batch of so many bytes would be taken now."""

    def may_post(self, origin: str) -> bool:
        """Whether a page of this `Origin` may post events."""

    def kpi_list(self) -> bytes:
        """JSON: the KPI set."""

    async def kpi_rows(self, query: KpiQuery) -> Reply:
        """A page of rows of one KPI."""

    def boards(self) -> bytes:
        """JSON: the boards."""

    async def put_board(self, name: str, body: bytes, expected: str | None, before: str | None) -> Reply:
        """Save a board; `expected` is the version that it replaces, `before` the board that a new one stands before."""

    async def delete_board(self, name: str, expected: str | None) -> Reply:
        """Delete a board; `expected` is the version that is to go."""

    async def arrange_boards(self, body: bytes, expected: str | None) -> Reply:
        """Put the boards into another order; `expected` is the version of the order that is to go."""

    def status(self) -> bytes:
        """JSON: ledger, watermark, lag, memory."""

    async def rejected(self, query: QuarantineQuery) -> Reply:
        """Rejected events by reason, and the newest of them."""

    async def export_rejected(self, query: ExportQuery) -> Reply:
        """A page of rejected events as lines of a file."""

    def authorize_view(self, token: str | None) -> bool:
        """Whether the bearer may look."""

    def ready(self) -> bool:
        """Whether new traffic is welcome."""

    def workers(self) -> tuple[int, int] | None:
        """How many workers take connections, and of how many; None where one process does all."""

    def draining(self) -> bool:
        """Whether the server is about to stop."""


class ApiRoutes:
    """Everything but files. `scrape` gives the metrics in the Prometheus text format; `holding` bounds the bodies."""

    def __init__(
        self, config: Config, services: Services, scrape: Callable[[], bytes], holding: Holding[Holder]
    ) -> None:
        self._holding = holding
        self._config = config
        self._board_config = replace(config, max_body=min(config.max_body, _MAX_BOARD))
        self._proxies = Proxies(config.trusted_proxies)
        self._services = services
        self._scrape = scrape

    def routes(self) -> list[web.RouteDef]:
        """The table for the application's router."""
        return [
            web.get("/healthz", self._health),
            web.get("/readyz", self._readiness),
            web.get("/metrics", self._metrics),
            web.get("/v1/kpis", self._kpis),
            web.get("/v1/kpis/{name}", self._kpi),
            web.get("/v1/boards", self._boards),
            web.put("/v1/boards", self._arrange_boards),
            web.put("/v1/boards/{name}", self._put_board),
            web.delete("/v1/boards/{name}", self._delete_board),
            web.get("/v1/status", self._status),
            web.get("/v1/quarantine", self._quarantine),
            web.get("/v1/quarantine/export", self._export),
            web.post("/v1/events", self._events),
            web.options("/v1/events", self._events_preflight),
            web.get("/v1/ws", self._upgrade),
        ]

    async def _health(self, _request: web.Request) -> web.Response:
        return answer(json_reply(200, b'{"ok":true}'))

    async def _readiness(self, _request: web.Request) -> web.Response:
        workers = self._services.workers()
        more = b"" if workers is None else b',"workers":{"up":%d,"of":%d}' % workers
        if self._services.ready():
            return answer(json_reply(200, b'{"ready":true%b}' % more))
        return answer(json_reply(503, b'{"ready":false%b}' % more, self._retry_later()))

    async def _metrics(self, request: web.Request) -> web.Response:
        if not _from_here(request) and not self._may_view(request):
            return _unauthorized()
        return answer(Reply(200, self._scrape(), _PROMETHEUS))

    async def _kpis(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        return answer(json_reply(200, self._services.kpi_list()))

    async def _kpi(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        query = read_query(request.match_info["name"], request.query)
        return answer(query if isinstance(query, Reply) else await self._services.kpi_rows(query))

    async def _boards(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        return answer(json_reply(200, self._services.boards()))

    async def _put_board(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        name, before = request.match_info["name"], request.query.get("before")
        return await self._with_body(
            request, lambda body: self._services.put_board(name, body, _expected(request), before)
        )

    async def _arrange_boards(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        return await self._with_body(request, lambda body: self._services.arrange_boards(body, _expected(request)))

    async def _with_body(self, request: web.Request, act: Callable[[bytes], Awaitable[Reply]]) -> web.Response:
        """What becomes of the JSON that a page sends about boards."""
        body = await read_body(request, self._board_config, self._holding)
        response = answer(body if isinstance(body, Reply) else await act(body))
        if not request.content.at_eof():
            response.force_close()
        return response

    async def _delete_board(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        return answer(await self._services.delete_board(request.match_info["name"], _expected(request)))

    async def _status(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        return answer(json_reply(200, self._services.status()))

    async def _quarantine(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        query = read_quarantine_query(request.query)
        return answer(query if isinstance(query, Reply) else await self._services.rejected(query))

    async def _export(self, request: web.Request) -> web.Response:
        if not self._may_view(request):
            return _unauthorized()
        query = read_export_query(request.query)
        return answer(query if isinstance(query, Reply) else await self._services.export_rejected(query))

    async def _events(self, request: web.Request) -> web.Response:
        origin = request.headers.get("Origin")
        if origin is not None and not self._services.may_post(origin):
            return answer(error(403, "origin", {"Vary": "Origin"}))
        size = min(request.content_length or 0, self._config.max_body)
        body = await read_body(request, self._config, self._holding) if self._services.has_room(size) else busy()
        reply = body if isinstance(body, Reply) else await self._services.post_events(body, self._sender(request))
        if origin is not None:
            reply = reply._replace(headers={**reply.headers, **allow(origin)})
        response = answer(reply)
        if not request.content.at_eof():
            response.force_close()
        return response

    async def _events_preflight(self, request: web.Request) -> web.Response:
        return answer(preflight(request.headers.get("Origin"), self._services.may_post))

    async def _upgrade(self, request: web.Request) -> web.Response:
        # The door takes upgrades on fresh sockets; what arrives here came without one, or on a socket already used.
        head = _head(request)
        if wants_websocket(head) and isinstance(request.protocol, HttpSocket):
            request.protocol.give_back(head)
        response = answer(error(426, "upgrade_required", {"Upgrade": "websocket"}))
        response.force_close()
        return response

    def _may_view(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._services.authorize_view(token.strip() or None)

    def _sender(self, request: web.Request) -> Sender:
        headers = request.headers
        client = self._proxies.client(request.remote or "local", ", ".join(headers.getall("X-Forwarded-For", ())))
        return Sender(client, headers.get("Origin"), headers.get("User-Agent"))

    def _retry_later(self) -> dict[str, str]:
        return {"Retry-After": str(self._config.drain_ms // 1000 + 1)}

    @web.middleware
    async def drained(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """While draining, only questions about the process itself are answered."""
        if self._services.draining() and request.path not in _DRAIN_FREE:
            return answer(error(503, "draining", self._retry_later()))
        return await handler(request)


@web.middleware
async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Every error in the one form we have, without a word of what was asked or of what went wrong inside."""
    try:
        return await handler(request)
    except web.HTTPException as failure:
        if failure.status < 400:
            raise
        headers = {"Allow": failure.headers["Allow"]} if "Allow" in failure.headers else {}
        return answer(error(failure.status, _SLUGS.get(failure.status, "http"), headers))
    except ConnectionError:
        raise
    except Exception:
        _log.exception("request_failed", route=getattr(request.match_info.route.resource, "canonical", None))
        return answer(error(500, "internal"))


def answer(reply: Reply) -> web.Response:
    """A reply as aiohttp sends it."""
    headers = {**API, **reply.headers}
    if reply.content_type:
        headers["Content-Type"] = reply.content_type
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _expected(request: web.Request) -> str | None:
    """The version that the caller has seen; None when it does not say one."""
    value = request.headers.get("If-Match")
    return None if value is None else value.strip().strip('"')


def _unauthorized() -> web.Response:
    return answer(error(401, "unauthorized", {"WWW-Authenticate": "Bearer"}))


def _head(request: web.Request) -> bytes:
    """The request head as it was on the wire, but for white space around values."""
    lines = [b"%b: %b" % header for header in request.raw_headers]
    first = f"{request.method} {request.raw_path} HTTP/{request.version.major}.{request.version.minor}"
    return b"\r\n".join([first.encode("utf-8", "surrogateescape"), *lines, b"", b""])


def _from_here(request: web.Request) -> bool:
    """Whether the peer is this machine itself, and no proxy on it that speaks for someone else."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.remote or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
