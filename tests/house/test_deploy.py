"""The files in deploy/ fit the gateway that they run."""

from __future__ import annotations

import re

from gateway.config import Config
from tests.house.tree import ROOT


def test_the_proxy_lets_go_of_idle_connections_first() -> None:
    """Else it would send a request into a connection that the gateway is closing, and answer 502."""
    site = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    upstream = site.partition("upstream tidegate {")[2].partition("}")[0]
    (seconds,) = re.findall(r"^ *keepalive_timeout (\d+)s;", upstream, re.MULTILINE)
    assert int(seconds) * 1_000 < Config().header_timeout_ms


def test_the_unit_starts_again_what_a_later_start_may_mend() -> None:
    """A full or failing disk is code 74; only a wrong configuration, code 2, stays down."""
    unit = (ROOT / "deploy" / "tidegate.service").read_text("utf-8")
    assert re.findall(r"^RestartPreventExitStatus=(.*)$", unit, re.MULTILINE) == ["2"]
