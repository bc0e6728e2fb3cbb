"""What a `User-Agent` says: browser, system, kind of device, and whether it is a robot's."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ua_parser import parse

from gateway.core.enrichment import Facts

__all__ = ["agent_facts"]

_LONGEST: Final = 512
_REMEMBERED: Final = 4_096
# The names that our SDK gives, so that a breakdown has one bar for one browser however its events come.
_BROWSERS: Final = {
    "Edge": "Microsoft Edge",
    "Edge Mobile": "Microsoft Edge",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chromium": "Chrome",
    "HeadlessChrome": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera Mobile": "Opera",
    "Opera Mini": "Opera",
}
_MOBILE_SYSTEMS: Final = frozenset({"Android", "iOS", "Windows Phone", "KaiOS"})
_ROBOT: Final = "Spider"
_HEADLESS: Final = frozenset({"HeadlessChrome", "PhantomJS"})


def agent_facts(agent: str) -> Facts:
    """Facts from a `User-Agent`. About 0.3 ms for a new one, then 0.2 us.

    >>> dict(agent_facts("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"))
    {'$browser': 'Googlebot', '$is_bot': True}
    """
    return _facts(agent[:_LONGEST])


@lru_cache(_REMEMBERED)
def _facts(agent: str) -> Facts:
    found = parse(agent)
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    device = found.device.family if found.device else None
    facts: dict[str, str | bool] = {}
    if browser is not None:
        facts["$browser"] = _BROWSERS.get(browser, browser)
    if system is not None:
        facts["$os"] = system
        facts["$device_type"] = _device_type(agent, system, device)
    facts["$is_bot"] = device == _ROBOT or browser in _HEADLESS
    return facts


def _device_type(agent: str, system: str, device: str | None) -> str:
    """`Desktop`, `Mobile` or `Tablet`, as the SDK tells them apart: tablets on Android do not say Mobile."""
    if device == "iPad" or "Tablet" in agent or (system == "Android" and "Mobile" not in agent):
        return "Tablet"
    return "Mobile" if system in _MOBILE_SYSTEMS else "Desktop"
