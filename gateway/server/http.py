"""The HTTP side of the port: the application, and the protocol that the door hands sockets to."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from gateway.config import Config
from gateway.core.holding import Holding
from gateway.server.door import Tenancy
from gateway.server.httpsocket import HttpSocket
from gateway.server.metrics import Metrics
from gateway.server.policy import SCRIPT, page_headers
from gateway.server.routes import ApiRoutes, Services, guard
from gateway.server.sdk import sdk_files
from gateway.server.static import StaticFile, read_folder
from gateway.server.terms import Holder

__all__ = ["HttpSide"]

_HOUSE: Final = Path(__file__).parents[2]
_DASHBOARD: Final = _HOUSE / "gateway" / "dashboard"
_SDK: Final = _HOUSE / "client_sdk" / "browser"
_DEMO: Final = "demo"
_STOP_S: Final = 2.0  # for requests under way when the server stops
_REVALIDATE: Final = "no-cache"  # browsers keep files, but ask each time whether they still hold
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_HASHED: Final = re.compile(r"sdk/(?:.*/)?\w+-[0-9a-f]{8}\.js")  # build.js puts a hash of the content into the name

_Files = dict[str, StaticFile]


class HttpSide:
    """Serves pages, the SDK and the API.

    Args:
        config: limits and time-outs.
        services: what stands behind the API.
        metrics: what `/metrics` shows.
        holding: what bodies that come in are counted in.
        demo_key: a write key; the demo shop is served, with `config.json` that gives its page the key.
    """

    def __init__(
        self,
        config: Config,
        services: Services,
        metrics: Metrics,
        holding: Holding[Holder],
        *,
        demo_key: str | None = None,
    ) -> None:
        self._idle_s = config.header_timeout_ms / 1000
        self._max_header, self._max_lines = config.max_header, config.max_header_lines
        self._dashboard = read_folder(_DASHBOARD, skip=(_DEMO,))
        self._sdk = sdk_files(_SDK)
        self._demo: _Files = {}
        if demo_key is not None:
            self._demo = read_folder(_DASHBOARD / _DEMO)
            self._demo["config.json"] = StaticFile.of(orjson.dumps({"key": demo_key}), ".json")
        api = ApiRoutes(config, services, metrics.exposition, holding)
        app = web.Application(middlewares=[guard, api.drained])
        app.add_routes(api.routes())
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/sdk.js", self._script),
                web.get("/tidegate.js", self._script),
                web.get("/sdk.js.map", self._script),
                web.get("/tidegate.js.map", self._script),
                web.get("/sdk/{path:.+}", self._script),
                web.get("/demo/", self._shop),
                web.get("/demo/{path:.+}", self._shop),
                # Below /v1/ there are no files: a path of the API with a wrong method is 405, not 404.
                web.get("/{path:(?!v1/).+}", self._page),
            ]
        )
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=_STOP_S)

    async def start(self) -> None:
        """Make `protocol` usable."""
        await self._runner.setup()

    async def stop(self) -> None:
        """Let requests under way finish for a moment, then close all HTTP sockets."""
        await self._runner.cleanup()

    def protocol(self, guest: Tenancy) -> asyncio.Protocol:
        """The protocol for one socket; the door's `HttpFactory`."""
        server = self._runner.server
        assert server is not None, "start first"
        loop = asyncio.get_running_loop()
        return HttpSocket(server, loop, self._idle_s, guest, max_header=self._max_header, max_lines=self._max_lines)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info.get("path", "index.html")
        if path == _DEMO and self._demo:
            raise web.HTTPPermanentRedirect("demo/")
        return _send(request, self._dashboard, path, page_headers(request.host))

    async def _shop(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info.get("path", "index.html")
        # The shop's own addresses, such as /demo/product/1, are all one page.
        path = path if "." in path.rpartition("/")[2] else "index.html"
        return _send(request, self._demo, path, page_headers(request.host, forms=True))

    async def _script(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/")
        mapped = f"{path}.map" in self._sdk
        named = {"SourceMap": f"{path.rpartition('/')[2]}.map"} if mapped else {}  # beside the script
        lasting = {"Cache-Control": _FOR_GOOD} if _HASHED.fullmatch(path) else {}
        return _send(request, self._sdk, path, {**SCRIPT, **named, **lasting})


def _send(request: web.Request, files: _Files, path: str, headers: dict[str, str]) -> web.Response:
    """A file, in the smallest form that the browser takes, or 304 when it has it already."""
    file = files.get(path)
    if file is None:
        raise web.HTTPNotFound
    coding = file.coding(request.headers.get("Accept-Encoding", ""))
    tag = f"{file.etag}-{coding}" if coding else file.etag
    sent = {
        "Cache-Control": _REVALIDATE,
        **headers,
        "Content-Type": file.content_type,
        "ETag": f'"{tag}"',
        "Vary": "Accept-Encoding",
    }
    known = request.if_none_match
    if known is not None and any(one.value in ("*", tag) for one in known):
        return web.Response(status=304, headers=sent)
    if coding:
        sent["Content-Encoding"] = coding
    return web.Response(body=file.packed[coding] if coding else file.body, headers=sent)
