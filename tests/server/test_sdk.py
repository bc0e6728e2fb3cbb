"""The browser SDK as it is served."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from gateway.server.sdk import sdk_entry, sdk_files, source_hash
from gateway.server.static import StaticFile
from tests.house.tree import plant

SOURCES = {
    "src/index.js": "export function init() {}\nexport default init;\n",
    "src/client.js": "export const a = 1;\n",
    "src/modules/clicks.js": "export function start() {}\n",
}


def built(root: Path, stamp: str) -> Path:
    """A browser folder with sources and a build that carries `stamp`."""
    return plant(
        root,
        {
            **SOURCES,
            "dist/sdk.js": "built",
            "dist/sdk.js.map": "{}",
            "dist/sdk/modules/clicks.js": "clicks",
            "dist/tidegate.js": "whole",
            "dist/types/index.d.ts": "",
            "dist/build.json": stamp,
        },
    )


def test_without_a_build_the_sources_are_served(tmp_path: Path) -> None:
    """All modules lie below `sdk/`, with a one-line entry, and a classic script that loads it."""
    files = sdk_files(plant(tmp_path, SOURCES))
    assert sorted(files) == ["sdk.js", "sdk/client.js", "sdk/index.js", "sdk/modules/clicks.js", "tidegate.js"]
    assert files["sdk.js"].body == sdk_entry(files["sdk/index.js"]).body
    assert b"sdk.js" in files["tidegate.js"].body


def test_a_build_of_these_sources_is_served(tmp_path: Path) -> None:
    """Nothing but what was built is there, maps included."""
    root = plant(tmp_path, SOURCES)
    files = sdk_files(built(root, json.dumps({"sources": source_hash(root / "src")})))
    assert sorted(files) == ["sdk.js", "sdk.js.map", "sdk/modules/clicks.js", "tidegate.js"]
    assert files["sdk.js"].body == b"built"
    assert files["sdk.js.map"].content_type == "application/json"


def test_a_build_of_other_sources_is_not_served(tmp_path: Path) -> None:
    """An old build, or one with a damaged stamp, is passed over for the sources."""
    for number, stamp in enumerate(['{"sources": "0"}', "{}", "[]", "{", "5"]):
        assert sdk_files(built(tmp_path / str(number), stamp))["sdk.js"].body.startswith(b"export"), stamp
    root = plant(tmp_path / "new", SOURCES)
    built(root, json.dumps({"sources": source_hash(root / "src")}))
    (root / "src" / "client.js").write_text("export const a = 2;\n")
    assert sdk_files(root)["sdk.js"].body.startswith(b"export")


def test_a_build_without_sources_is_served(tmp_path: Path) -> None:
    """Where only the build was installed there is nothing to compare it with."""
    root = built(tmp_path, '{"sources": "0"}')
    shutil.rmtree(root / "src")
    assert sdk_files(root)["tidegate.js"].body == b"whole"


def test_nothing_there_is_no_files(tmp_path: Path) -> None:
    """A folder with neither gives an empty table."""
    assert sdk_files(tmp_path) == {}


def test_the_hash_follows_names_and_bytes(tmp_path: Path) -> None:
    """A changed byte, a moved file or a new one is another hash; what is no module does not count."""
    one = source_hash(plant(tmp_path / "1", {"a.js": "1", "b/c.js": "2"}))
    assert source_hash(plant(tmp_path / "2", {"a.js": "1", "b/c.js": "2", "notes.md": "x"})) == one
    others = [{"a.js": "1", "b/c.js": "3"}, {"a.js": "1", "b/d.js": "2"}, {"a.js": "1"}]
    hashes = {source_hash(plant(tmp_path / f"o{n}", files)) for n, files in enumerate(others)}
    assert len(hashes | {one}) == 4


def test_the_entry_exports_what_the_sdk_does() -> None:
    """The one-line module re-exports names, and the default export when there is one."""
    plain = sdk_entry(StaticFile.of(b"export function init() {}\n", ".js")).body
    assert plain == b'export * from "./sdk/index.js";\n'
    default = sdk_entry(StaticFile.of(b"const a = 1;\nexport default a;\n", ".js")).body
    assert default == plain + b'export { default } from "./sdk/index.js";\n'
