"""The SDK and the network: the HTTP fallback, heartbeats, and every close code with its rule."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.driving import capture, flush, ledger, load, start
from tests.browser.model_server import ModelServer

# `heard` once the SDK has dealt with a reply: in a task behind the one in which it reads it.
HEAR_REPLIES = """() => {
  const { json } = Response.prototype;
  Response.prototype.json = async function () {
    setTimeout(() => setTimeout(() => (globalThis.heard = true)));
    return json.call(this);
  };
}"""


def test_http_fallback(page: Page, server: ModelServer) -> None:
    """Where no WebSocket opens, batches go by POST with the same ids, and the socket takes over once it can."""
    server.accept_sockets = False
    start(page)
    capture(page, "one", "bad")
    server.wait(lambda: server.names() == ["one"])
    capture(page, "two")
    server.wait(lambda: server.names() == ["one", "two"])
    assert [post["seq"] for post in server.posts] == [1, 2]
    page.wait_for_function("() => tidegate.ledger().pending === 0")
    server.accept_sockets = True
    server.wait(lambda: server.hellos)
    capture(page, "three")
    assert flush(page)
    assert server.hellos[0]["producer"]["next_seq"] == 3
    assert ledger(page) == {"sent": 4, "accepted": 3, "duplicate": 0, "rejected": 1, "expired": 0, "pending": 0}


@pytest.mark.parametrize("answer", ["<h1>Offline</h1>", '{"seq": 7}'])
def test_who_is_not_the_gateway_acks_nothing(page: Page, server: ModelServer, answer: str) -> None:
    """A service worker or a captive portal that says 200 to every request costs no event."""
    server.accept_sockets = False
    page.evaluate(HEAR_REPLIES)
    page.route("**/v1/events", lambda route: route.fulfill(status=200, body=answer))
    start(page)
    capture(page, "one", "two")
    page.wait_for_function("() => globalThis.heard")
    assert ledger(page)["pending"] == 2
    page.unroute("**/v1/events")
    server.accept_sockets = True
    assert flush(page)
    assert server.names() == ["one", "two"]
    assert ledger(page)["accepted"] == 2


def test_ping_is_answered(page: Page, server: ModelServer) -> None:
    """A ping is answered with its own time and the page's clock."""
    start(page)
    flush(page)
    capture(page, "e")
    flush(page)
    server.tell({"type": "ping", "now": 1_795_334_425_123})
    server.wait(lambda: server.pongs)
    assert server.pongs[0]["now"] == 1_795_334_425_123
    assert abs(server.pongs[0]["sent"] - page.evaluate("() => Date.now()")) < 60_000


@pytest.mark.parametrize("code", [4000, 4001, 4003, 4006])
def test_refusal_stops(page: Page, server: ModelServer, code: int) -> None:
    """A close that forbids retrying stops the SDK and is told on the console; events stay stored; a flush says so."""
    server.welcome_close = code
    page.evaluate("() => { globalThis.states = []; tidegate.on('state', (state) => states.push(state)); }")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "tidegate:" in message.text else None)
    start(page)
    capture(page, "kept")
    page.wait_for_function("() => states.some(({ state }) => state === 'stopped')")
    assert page.evaluate("() => states.at(-1)") == {"state": "stopped", "code": code}
    assert flush(page) is False
    assert said == [f"tidegate: refused ({code}). Wrong write key?"]
    assert ledger(page)["pending"] == 1
    server.welcome_close = 0
    load(page, server)
    start(page)
    assert flush(page)
    assert server.names() == ["kept"]


@pytest.mark.parametrize("code", [1012, 4101, 4103, 4200, 4201])
def test_retryable_close_reconnects(page: Page, server: ModelServer, code: int) -> None:
    """A close that allows retrying is followed by a new connection that resumes."""
    start(page)
    capture(page, "one")
    flush(page)
    server.close_all(code)
    capture(page, "two")
    assert flush(page)
    assert server.names() == ["one", "two"]
    assert len(server.hellos) == 2
