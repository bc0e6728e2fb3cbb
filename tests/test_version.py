"""The release is said the same everywhere."""

from __future__ import annotations

import tomllib

from gateway.version import VERSION
from tests.house.tree import ROOT


def test_the_gateway_is_of_the_release_of_its_package() -> None:
    """What `--version`, status and metrics say is what was installed."""
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == VERSION
