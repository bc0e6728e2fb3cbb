"""Headless Chromium for the test modules of a process, or for one of them.

While Playwright's synchronous interface is open its event loop counts as the running one of this thread, and every
`asyncio.run` is refused. So one that is kept is put aside between modules.
"""

from __future__ import annotations

import shutil
from asyncio import AbstractEventLoop, events
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

__all__ = ["DEADLINE_MS", "KeptChromium", "chromium"]

DEADLINE_MS = 60_000

# Of the browser's own surface: pages for the address bar that it loads into each new window, a third of a new context's
# CPU. The others are Playwright's, whose switch does not count beside one of ours.
_WITHOUT_FEATURES = (
    "WebUIOmniboxPopup WebUIOmniboxAimPopup WebUIOmniboxFullPopup "
    "AvoidUnnecessaryBeforeUnloadCheckSync DestroyProfileOnBrowserClose HttpsUpgrades HttpsFirstBalancedModeAutoEnable "
    "LensOverlay MediaRouter PaintHolding ThirdPartyStoragePartitioning AvoidCorsURLLoaderRestartOnRedirect "
    "OptimizationHints NetworkTimeServiceQuerying AimEnabled PreconnectToSearch"
)

FLAGS = [
    "--disable-features=" + ",".join(_WITHOUT_FEATURES.split()),
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium(*flags: str, without: tuple[str, ...] = ()) -> Iterator[Browser]:
    """A browser of its own, with further flags and without some of Playwright's; about a second to start."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "chromium is not installed"
    expect.set_options(timeout=DEADLINE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*FLAGS, *flags], ignore_default_args=list(without)
        )
        yield browser
        browser.close()


class KeptChromium:
    """One browser for all modules that ask for it: each start of one, with Playwright's driver, takes 1.3 s of CPU."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._browser: Browser | None = None
        self._loop: AbstractEventLoop | None = None

    @contextmanager
    def lent(self) -> Iterator[Browser]:
        """The browser with nothing open in it; a new one where the last module left a dead one."""
        events._set_running_loop(self._loop)
        try:
            if self._browser is None or not self._browser.is_connected():
                self._held.close()
                self._browser = self._held.enter_context(chromium())
            yield self._browser
            for context in self._browser.contexts:
                context.close()
        finally:
            self._put_aside()

    def close(self) -> None:
        """End it, if there is one."""
        events._set_running_loop(self._loop)
        self._held.close()
        self._browser = None
        self._put_aside()

    def _put_aside(self) -> None:
        self._loop = events._get_running_loop()
        events._set_running_loop(None)
