"""Somebody on a page of the modules' site: what is done there, what goes over the wire, what reaches the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page, Request, WebSocket

from gateway.core.record import decode_record
from gateway.store import Damage, read_log
from tests.browser.modules_site import ModulesSite
from tests.client_sdk.model import rows_of
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.e2e.patience import eventually

__all__ = ["Event", "Visitor", "logged"]

Event = dict[str, Any]
START = """async ([key, config]) => {
  const waiting = new Set(config.modules);
  await new Promise((resolve, reject) => {
    tidegate.on('module', ({ name, error }) => {
      if (error) reject(error);
      if (waiting.delete(name) && waiting.size === 0) resolve();
    });
    tidegate.init(key, config);
    if (waiting.size === 0) resolve();
  });
}"""


def logged(gateway: GatewayProcess) -> list[Event]:
    """All events in the log, in the order in which they were written.

    An event that two tabs have sent, as the later one found it in the journal of a page that was still sending, is in
    the log twice and counted once, by its uuid: so it is here.
    """
    found: dict[str, Event] = {}
    for row in read_log(gateway.data, _no_damage):
        for batch in decode_record(row.payload).batches:
            message = json.loads(batch.frame)
            for event in (rows_of(message) if message["type"] == "columns" else message)["events"]:
                found.setdefault(event["uuid"], event)
    return list(found.values())


def _no_damage(damage: Damage) -> None:
    raise AssertionError(damage)


class Visitor:
    """One tab. `errors` are the page's uncaught ones, `wire` all text that has left it for the gateway."""

    def __init__(self, context: BrowserContext, site: ModulesSite, gateway: GatewayProcess) -> None:
        self.site = site
        self.gateway = gateway
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.wire: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("websocket", self._listen)
        self.page.on("request", self._note)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self.wire.append(str(frame)))

    def _note(self, request: Request) -> None:
        if request.url.startswith(self.gateway.url):
            self.wire.append(f"{request.url} {request.post_data or ''}")

    def open(self, path: str = "/page", *modules: str, origin: str | None = None, **config: Any) -> None:
        """Load a page and start the SDK with these modules; returns when all of them run."""
        self.page.goto(f"{origin or self.site.origin}{path}")
        self.start(*modules, **config)

    def start(self, *modules: str, **config: Any) -> None:
        """The same, on a page that is already there."""
        self.page.wait_for_function("() => globalThis.tidegate !== undefined")
        self.page.evaluate(START, [WRITE_KEY, {"pageview": False, "modules": list(modules), **config}])

    def hurry(self) -> None:
        """All that is done on its pages is done at one moment, however long this machine takes for it."""
        self.page.add_init_script("Object.defineProperty(Event.prototype, 'timeStamp', { value: 1 });")

    def leave(self) -> None:
        """Go to a page without the SDK, once the gateway knows this one: else only the oldest beacon goes."""
        self.page.evaluate("() => tidegate.flush()")
        self.page.goto("about:blank")

    def events(self, name: str) -> list[Event]:
        """Those in the log with this name."""
        return [event for event in logged(self.gateway) if event["event"] == name]

    def told(self, name: str, count: int = 1, where: Callable[[Event], object] = bool) -> list[dict[str, Any]]:
        """Properties of exactly `count` events with this name, once they are in the log."""
        found = eventually(lambda: list(filter(where, self.events(name))), lambda events: len(events) >= count)
        assert len(found) == count, found
        return [event["properties"] for event in found]

    def done(self) -> None:
        """Capture a last event and wait until it, and with it all before, is in the log."""
        self.page.evaluate("() => { tidegate.capture('done'); return tidegate.flush(); }")
        eventually(lambda: self.events("done"), bool)
