"""Behind a real nginx, with the site that deploy/ has: pages, sockets, addresses, and both ends restarted."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.browser.chromium import DEADLINE_MS
from tests.browser.visit import watch
from tests.e2e.conftest import KPIS
from tests.e2e.figures import by_dim
from tests.e2e.gateway_process import VIEW_KEY, WRITE_KEY, GatewayProcess
from tests.e2e.kpifile import write_kpis
from tests.e2e.nginx_process import NginxProcess
from tests.e2e.patience import eventually
from tests.e2e.site import Site
from tests.e2e.tab import Tab

MOST_SOCKETS = 3


@pytest.fixture
def nginx(tmp_path: Path) -> NginxProcess:
    """Not started yet."""
    return NginxProcess(tmp_path / "nginx")


@pytest.fixture
def gateway(tmp_path: Path, nginx: NginxProcess, site: Site) -> Iterator[GatewayProcess]:
    """A gateway behind nginx, both running; pages of `site`, and the dashboard at nginx's address, may connect."""
    settings: dict[str, Any] = {"trusted_proxies": "127.0.0.1", "allowed_origins": f"{nginx.url},{site.origin}"}
    kpis = write_kpis(tmp_path / "kpis.toml", KPIS)
    site.gateway = nginx.url
    with GatewayProcess(
        tmp_path / "data", kpis=kpis, drain_ms=500, max_connections_per_ip=MOST_SOCKETS, **settings
    ) as running:
        nginx.stand_before(running.port)
        with nginx:
            yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile that takes the certificate of these tests."""
    fresh = browser.new_context(ignore_https_errors=True, locale="en-US")
    fresh.set_default_timeout(DEADLINE_MS)
    yield fresh
    fresh.close()


def counted(gateway: GatewayProcess, *names: str) -> None:
    """Exactly these events have been counted, each once."""
    eventually(lambda: by_dim(gateway, "by_event", "event"), lambda counts: counts == dict.fromkeys(names, 1))


def test_the_dashboard_and_the_sdk_work_behind_it(
    context: BrowserContext, nginx: NginxProcess, gateway: GatewayProcess
) -> None:
    """A page over TLS sends its first event and sees it; the SDK comes by brotli."""
    page = context.new_page()
    troubles = watch(page)
    codings: dict[str, str | None] = {}
    page.on("response", lambda got: codings.update({got.url: got.header_value("content-encoding")}))
    page.goto(f"{nginx.url}/#/start&key={VIEW_KEY}")
    page.get_by_label("Write key").fill(WRITE_KEY)
    page.get_by_role("button", name="Send a test event").click()
    expect(page.locator("#start-page")).to_have_attribute("data-outcome", "done")
    assert gateway.status()["ledger"]["accepted"] == 1
    assert codings[f"{nginx.url}/sdk.js"] == "br"
    assert troubles == []


def test_what_the_site_keeps_out(nginx: NginxProcess, gateway: GatewayProcess) -> None:
    """Metrics stay inside and bodies are bounded."""
    assert nginx.get("/metrics")[0] == 404
    assert gateway.get("/metrics", None)[0] == 200
    assert nginx.get("/v1/events", b" " * (1 << 20) + b"{", Content_Type="application/json")[0] == 413


@pytest.mark.usefixtures("gateway")
def test_a_client_cannot_make_up_its_address(nginx: NginxProcess) -> None:
    """Sockets that each name another address count as those of the one that nginx sees."""
    address = urlsplit(nginx.url)

    def opened(named: str) -> ClientConnection:
        sock = socket.create_connection((address.hostname, address.port), source_address=("127.0.0.2", 0))
        headers = {"X-Forwarded-For": named}
        url, protocols = f"wss://{address.netloc}/v1/ws", [Subprotocol("tidegate.v1")]
        return connect(url, sock=sock, ssl=nginx.tls, additional_headers=headers, subprotocols=protocols)

    with ExitStack() as sockets:
        for n in range(MOST_SOCKETS):
            sockets.enter_context(opened(f"192.0.2.{n}"))
        with pytest.raises(InvalidStatus) as refused:
            opened("192.0.2.99")
        assert refused.value.response.status_code == 429


def test_the_gateway_is_restarted_behind_it(tab: Tab, nginx: NginxProcess, gateway: GatewayProcess) -> None:
    """While nothing stands behind it nginx answers 502; what pages capture then is sent later, once."""
    tab.start(WRITE_KEY)
    tab.capture("before")
    assert tab.flush()
    assert gateway.terminate() == 0
    tab.capture("while")
    assert nginx.get("/healthz")[0] == 502
    tab.becomes("waiting")
    gateway.start()
    assert tab.flush()
    gateway.kill()
    tab.capture("after")
    gateway.start()
    assert tab.flush()
    counted(gateway, "before", "while", "after")


def test_nginx_is_reloaded_and_restarted(tab: Tab, nginx: NginxProcess, gateway: GatewayProcess) -> None:
    """A reload leaves sockets alone; a restart cuts them, and pages come back with what they have."""
    tab.start(WRITE_KEY)
    tab.capture("before")
    assert tab.flush()
    nginx.reload()
    tab.capture("reloaded")
    assert tab.flush()
    assert [told["state"] for told in tab.heard("state")].count("open") == 1
    nginx.stop()
    tab.becomes("waiting")
    tab.capture("while")
    nginx.start()
    assert tab.flush()
    counted(gateway, "before", "reloaded", "while")
    books = tab.books()
    assert (books["sent"], books["accepted"], books["duplicate"]) == (3, 3, 0)


def test_a_post_is_counted(nginx: NginxProcess, gateway: GatewayProcess) -> None:
    """From a program that has no socket, packed or not."""
    for n, coding in enumerate(("identity", "gzip")):
        body = json.dumps({"token": WRITE_KEY, "events": [{"event": f"e{n}", "distinct_id": "u"}]}).encode()
        sent = gzip.compress(body) if coding == "gzip" else body
        status, answer = nginx.get("/v1/events", sent, Content_Type="application/json", Content_Encoding=coding)
        assert status == 200, answer
    counted(gateway, "e0", "e1")
