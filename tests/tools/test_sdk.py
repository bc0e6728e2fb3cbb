"""The browser SDK's build is made once for each state of its sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.tree import plant
from tools import node, sdk, stamp


def test_it_is_built_when_and_only_when_something_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call builds, a second does not; a changed source, a new one or a lost build brings the next."""
    browser = tmp_path / "client_sdk" / "browser"
    plant(browser, {"build.js": "", "package-lock.json": "{}", "src/index.js": "1"})
    built = browser / "dist" / "build.json"
    runs: list[tuple[str, ...]] = []

    def run(*argv: str, **_options: object) -> str:
        runs.append(argv)
        plant(browser, {"dist/build.json": "{}"})
        return ""

    monkeypatch.setattr(sdk, "ROOT", tmp_path)
    monkeypatch.setattr(sdk, "_FOLDER", browser)
    monkeypatch.setattr(sdk, "run", run)
    monkeypatch.setattr(node, "install", lambda _folder: None)
    monkeypatch.setattr(stamp, "_FILE", tmp_path / "stamps.json")
    changes: list[Callable[[], object]] = [
        lambda: None,
        lambda: (browser / "src" / "index.js").write_text("2"),
        lambda: (browser / "src" / "more.js").write_text("3"),
        built.unlink,
    ]
    for number, change in enumerate(changes, start=1):
        change()
        sdk.ensure()
        sdk.ensure()
        assert runs == [("node", "build.js")] * number
