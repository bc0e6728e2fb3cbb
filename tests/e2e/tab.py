"""A page of a site with the SDK on it, and what a test does there."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

__all__ = ["Tab"]

LISTEN = """() => {
  globalThis.heard = { state: [], verdict: [], warn: [], error: [] };
  for (const name in heard) tidegate.on(name, (value) => heard[name].push(value));
}"""


class Tab:
    """`open` loads a page and listens to the SDK; `start` calls `init`."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, address: str) -> None:
        """Load a page of the site and wait for the SDK."""
        self.page.goto(address)
        self.page.wait_for_function("() => globalThis.tidegate !== undefined")
        self.page.evaluate(LISTEN)

    def start(self, key: str, **config: Any) -> None:
        """`init`, without a page view."""
        self.page.evaluate("([key, config]) => tidegate.init(key, config)", [key, {"pageview": False, **config}])

    def capture(self, *names: str) -> None:
        """Capture events with these names, all in one task."""
        self.page.evaluate("(names) => names.forEach((name) => tidegate.capture(name, { n: 1 }))", list(names))

    def flush(self) -> bool:
        """Wait until all is acked; False when it cannot be."""
        return bool(self.page.evaluate("() => tidegate.flush()"))

    def heard(self, kind: str) -> list[Any]:
        """What the SDK told its listeners."""
        told: list[Any] = self.page.evaluate("(kind) => heard[kind]", kind)
        return told

    def becomes(self, state: str) -> dict[str, Any]:
        """Wait for a connection state; what was told with it."""
        self.page.wait_for_function("(wanted) => heard.state.at(-1)?.state === wanted", arg=state)
        told: dict[str, Any] = self.heard("state")[-1]
        return told

    def books(self) -> dict[str, int]:
        """The ledger, which must balance whenever one looks."""
        ledger: dict[str, int] = self.page.evaluate("() => tidegate.ledger()")
        assert ledger["sent"] == sum(ledger.values()) - ledger["sent"], ledger
        return ledger

    def producer_id(self) -> str:
        """The identity of this tab."""
        found: str = self.page.evaluate("() => JSON.parse(sessionStorage.getItem('tidegate:tab')).producer")
        return found
