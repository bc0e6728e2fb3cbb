"""What is read out of a `User-Agent`."""

from __future__ import annotations

import pytest

from gateway.server.agents import agent_facts

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
AGENTS = [
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36",
     ("Chrome", "Windows", "Desktop", False)),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
     ("Microsoft Edge", "Windows", "Desktop", False)),
    (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36",
     ("Chrome", "Android", "Mobile", False)),
    (f"Mozilla/5.0 (Linux; Android 14; SM-X910) {WEBKIT} Chrome/126.0.0.0 Safari/537.36",
     ("Chrome", "Android", "Tablet", False)),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 "
     "Mobile/15E148 Safari/604.1", ("Safari", "iOS", "Mobile", False)),
    ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 "
     "Mobile/15E148 Safari/604.1", ("Safari", "iOS", "Tablet", False)),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", ("Firefox", "Linux", "Desktop", False)),
    (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/126.0.0.0 Safari/537.36",
     ("Chrome", "Linux", "Desktop", True)),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ("Googlebot", None, None, True)),
    ("", (None, None, None, False)),
    ("x" * 100_000, (None, None, None, False)),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "facts"), AGENTS)
def test_browsers_and_robots_are_told_apart(agent: str, facts: tuple[object, ...]) -> None:
    """Under the names that the SDK gives; what cannot be read is not there."""
    found = agent_facts(agent)
    assert tuple(found.get(name) for name in ("$browser", "$os", "$device_type", "$is_bot")) == facts
    assert None not in found.values()
