"""The browser SDK as it is served: the build, or its sources where there is no build of just these sources.

A build is never committed: `make test` and the packaging of a wheel make one (client_sdk/browser/build.js). A fresh
clone therefore works with Python alone; the page then loads some thirty small modules instead of two.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson

from gateway.server.static import StaticFile, read_folder

__all__ = ["sdk_entry", "sdk_files", "source_hash"]

# A page that was written for the one classic script works from the sources too, a moment later.
_CLASSIC: Final = b'import(new URL("sdk.js", document.currentScript.src).href);\n'


def sdk_files(browser: Path) -> dict[str, StaticFile]:
    """All files of the SDK by the path they are served under: `sdk.js`, `tidegate.js`, `sdk/..`.

    Args:
        browser: the folder with `src` and, once built, `dist`.
    """
    sources = browser / "src"
    built = browser / "dist"
    if _is_of(built, sources):
        return read_folder(built, skip=("build.json", "types"))
    files = {f"sdk/{path}": file for path, file in read_folder(sources).items()}
    index = files.get("sdk/index.js")
    if index is not None:
        files |= {"sdk.js": sdk_entry(index), "tidegate.js": StaticFile.of(_CLASSIC, ".js")}
    return files


def sdk_entry(index: StaticFile) -> StaticFile:
    """The module at `/sdk.js`: all that the SDK's own entry exports, relative to where it was loaded from."""
    text = 'export * from "./sdk/index.js";\n'
    if re.search(rb"^export default\b|\bas default\b", index.body, re.MULTILINE):
        text += 'export { default } from "./sdk/index.js";\n'
    return StaticFile.of(text.encode(), ".js")


def source_hash(sources: Path) -> str:
    """A hash over the paths and bytes of all modules; build.js writes the same into `build.json`."""
    digest = sha256()
    for path in sorted(file.relative_to(sources).as_posix() for file in sources.rglob("*.js")):
        digest.update(f"{path}\0".encode() + (sources / path).read_bytes() + b"\0")
    return digest.hexdigest()


def _is_of(built: Path, sources: Path) -> bool:
    """Whether there is a build, and of just these sources; a build without any sources beside it counts."""
    try:
        stamp = orjson.loads((built / "build.json").read_bytes())["sources"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return not sources.is_dir() or bool(stamp == source_hash(sources))
