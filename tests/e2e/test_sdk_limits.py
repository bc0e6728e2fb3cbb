"""The browser SDK against a real gateway that refuses, slows down or cannot be reached by WebSocket."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import BrowserContext

from tests.browser.visit import watch
from tests.e2e.figures import by_dim, metric
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.patience import eventually
from tests.e2e.site import Site
from tests.e2e.tab import Tab

FILL = """([count, bytes]) => {
  for (let i = 0; i < count; i++) tidegate.capture('e' + i % 10, { text: 'x'.repeat(bytes) });
}"""


def test_a_wrong_key_is_asked_about_once(tab: Tab, gateway: GatewayProcess) -> None:
    """A refused key stops the SDK: no second attempt by socket or POST, and the events stay for a right one."""
    dials: list[str] = []
    tab.page.on("websocket", lambda socket: dials.append(socket.url))
    tab.page.on("request", lambda request: dials.append(request.url) if "/v1/" in request.url else None)
    tab.start("w_wrong")
    tab.capture("a", "b")
    assert tab.becomes("stopped") == {"state": "stopped", "code": 4001}
    tab.capture("c")
    assert tab.flush() is False
    tab.page.evaluate("() => dispatchEvent(new Event('online'))")
    assert tab.flush() is False
    assert tab.books()["pending"] == 3
    eventually(lambda: metric(gateway, "tidegate_closes_total", code="4001"), lambda closes: closes == 1)
    tab.open(tab.page.url)
    tab.start(WRITE_KEY)
    assert tab.flush()
    assert by_dim(gateway, "by_event", "event") == {"a": 1, "b": 1, "c": 1}
    # One dial each; nothing else went out, not even a beacon when the page with the wrong key was left.
    assert len(dials) == 2


def test_bad_events_are_dropped_and_counted(tab: Tab, gateway: GatewayProcess) -> None:
    """Each bad event is in both books with its reason, and does no harm to the good ones around it."""
    tab.start(WRITE_KEY)
    tab.capture("good")
    tab.page.evaluate(
        """() => {
          let deep = {};
          for (let i = 0; i < 40; i++) deep = { deep };
          tidegate.capture('deep', { deep });
          tidegate.capture('x'.repeat(201));
          tidegate.capture('past', {}, { timestamp: 86400000 });
          tidegate.capture('future', {}, { timestamp: Date.now() + 86400000 });
          tidegate.capture('nul', { ['a' + String.fromCharCode(0)]: 1 });
          tidegate.capture('big', { big: 123456789012345678901234567890n, proto: JSON.parse('{"__proto__": 1}') });
        }"""
    )
    tab.capture("good")
    assert tab.flush()
    told = Counter(verdict["reason"] for verdict in tab.heard("verdict"))
    assert (told["too_deep"], told["nul"], told["late"]) == (1, 1, 1)
    books, ledger = tab.books(), gateway.status()["ledger"]
    assert (books["sent"], books["accepted"], books["rejected"]) == (8, 4, 4)
    assert (ledger["sent"], ledger["accepted"], ledger["rejected"], ledger["warned"]) == (8, 4, 4, 1)
    assert gateway.status()["reasons"] == dict(told) | {"clamped": 1}
    eventually(gateway.status, lambda status: sum(status["quarantine"].values()) == 4)


def test_credit_is_obeyed(tab: Tab, gateway: GatewayProcess) -> None:
    """However much a page captures at once, it stays within its window, and all of it arrives."""
    tab.start(WRITE_KEY, maxEvents=10_000, maxBytes=32 << 20)
    tab.page.evaluate(FILL, [1_500, 0])
    tab.page.evaluate(FILL, [500, 5_000])
    assert tab.flush()
    assert by_dim(gateway, "by_event", "event") == {f"e{n}": 200 for n in range(10)}
    assert tab.heard("warn") == tab.heard("error") == []
    assert metric(gateway, "tidegate_closes_total", code="4101") == 0
    assert metric(gateway, "tidegate_welcomes_total", role="producer") == 1
    books = tab.books()
    assert (books["accepted"], books["expired"], books["pending"]) == (2_000, 0, 0)


def test_one_event_larger_than_a_batch(tab: Tab, gateway: GatewayProcess) -> None:
    """An event of 60 KB arrives; one that no beacon could carry is refused on the page, with its reason."""
    tab.start(WRITE_KEY)
    tab.page.evaluate(FILL, [1, 60_000])
    tab.page.evaluate(FILL, [1, 70_000])
    assert tab.flush()
    assert by_dim(gateway, "by_event", "event") == {"e0": 1}
    assert [verdict["reason"] for verdict in tab.heard("verdict")] == ["too_large"]


def test_http_where_no_websocket_is_allowed(context: BrowserContext, site: Site, gateway: GatewayProcess) -> None:
    """A page that must not open a WebSocket posts its events; a page that may goes on from there."""
    tab = Tab(context.new_page())
    tab.open(f"{site.origin}/no-socket")
    tab.start(WRITE_KEY)
    tab.capture("a", "x" * 201)
    eventually(lambda: by_dim(gateway, "by_event", "event"), lambda counts: counts == {"a": 1})
    tab.capture("b")
    assert tab.flush()
    assert metric(gateway, "tidegate_welcomes_total", role="producer") == 0
    assert (tab.books()["accepted"], tab.books()["rejected"]) == (2, 1)
    tab.open(f"{site.origin}/page")
    tab.start(WRITE_KEY)
    tab.capture("c")
    assert tab.flush()
    assert by_dim(gateway, "by_event", "event") == {"a": 1, "b": 1, "c": 1}
    assert metric(gateway, "tidegate_welcomes_total", role="producer") == 1
    assert tab.books() == {"sent": 4, "accepted": 3, "duplicate": 0, "rejected": 1, "expired": 0, "pending": 0}


def test_a_foreign_page_is_refused(context: BrowserContext, site: Site, gateway: GatewayProcess) -> None:
    """A page whose origin is not allowed gets nothing in, and nothing that it does raises an error on the page."""
    tab = Tab(context.new_page())
    troubles = watch(tab.page)
    tab.open(f"{site.origin.replace('127.0.0.1', 'localhost')}/page")
    tab.start(WRITE_KEY)
    tab.capture("a")
    tab.becomes("waiting")
    eventually(lambda: metric(gateway, "tidegate_requests_refused_total", status="403"), lambda refusals: refusals >= 2)
    assert tab.books()["pending"] == 1
    assert by_dim(gateway, "events") == {}
    assert [trouble for trouble in troubles if trouble.startswith("error")] == []
