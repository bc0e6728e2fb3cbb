"""The dashboard in a page, as a test reads it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.gateway_process import VIEW_KEY

__all__ = ["Board"]


class Board:
    """The dashboard of one gateway."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, key: str = VIEW_KEY) -> None:
        """Load it with a key in the fragment, as the link that the gateway prints has it."""
        self.page.goto(f"{self.url}/#key={key}")

    def tile(self, kpi: str) -> Locator:
        """The tile of a KPI."""
        return self.page.locator(f'[data-kpi="{kpi}"]')

    def number(self, kpi: str) -> Locator:
        """Its big number."""
        return self.tile(kpi).locator(".number")

    def shows(self, **numbers: int) -> None:
        """Wait until these tiles show these numbers, exactly."""
        for kpi, number in numbers.items():
            expect(self.number(kpi)).to_have_attribute("value", str(number))

    def number_is(self, kpi: str, number: float, within: float = 1e-9) -> None:
        """Wait until a tile shows a number, up to a relative error."""
        self.page.wait_for_function(
            """([kpi, number, within]) => {
              const shown = document.querySelector(`[data-kpi="${kpi}"] .number`)?.getAttribute("value");
              return shown && Math.abs(Number(shown) - number) <= Math.abs(number) * within;
            }""",
            arg=[kpi, number, within],
        )

    def is_live(self) -> None:
        """Wait until it says that it is connected."""
        expect(self.page.locator("[data-part=phase]")).to_have_text("Live")

    def is_cut_off(self) -> None:
        """Wait until it says that it is not."""
        expect(self.page.locator("[data-part=phase]")).to_have_text("Disconnected")

    def watch_number(self, kpi: str) -> None:
        """Note from now on when the number of `kpi` changes."""
        self.page.evaluate(
            """(selector) => {
              globalThis.changes = [];
              const number = document.querySelector(selector);
              new MutationObserver(() => changes.push([Date.now(), Number(number.value)]))
                .observe(number, { attributes: true, attributeFilter: ["value"] });
            }""",
            f'[data-kpi="{kpi}"] .number',
        )

    def changes(self) -> list[tuple[int, Any]]:
        """When (epoch milliseconds) the watched number changed, and to what."""
        return [(at, value) for at, value in self.page.evaluate("() => globalThis.changes")]
