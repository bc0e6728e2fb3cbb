"""Files for browsers, read once. A path is a dictionary key, so there is no folder to climb out of."""

from __future__ import annotations

import gzip
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["StaticFile", "read_folder"]

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_PACKABLE: Final = frozenset({".css", ".html", ".js", ".json", ".map", ".svg"})
_LEAST_SAVED: Final = 128  # bytes below which a packed copy is not worth its header


class StaticFile(NamedTuple):
    """One file as it is sent. `packed` is the gzip form, when there is one that is worth it."""

    body: bytes
    content_type: str
    etag: str
    packed: bytes | None

    @classmethod
    def of(cls, body: bytes, suffix: str) -> StaticFile:
        """`body` with its type by `suffix`, its tag, and its packed form. About 30 ms a megabyte."""
        packed = gzip.compress(body, 9, mtime=0) if suffix in _PACKABLE else body
        smaller = len(packed) + _LEAST_SAVED < len(body)
        return cls(body, _TYPES[suffix], blake2b(body, digest_size=12).hexdigest(), packed if smaller else None)


def read_folder(root: Path, *, skip: tuple[str, ...] = ()) -> dict[str, StaticFile]:
    """All servable files under `root`, by their path with `/`; an empty dictionary when there is no such folder.

    Hidden files, files of other types, links that lead out of `root` and the top-level folders in `skip` are left out.
    """
    found = {}
    base = root.resolve()
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root)
        if any(part.startswith(".") for part in path.parts) or path.parts[0] in skip:
            continue
        if file.suffix not in _TYPES or not file.is_file() or not file.resolve().is_relative_to(base):
            continue
        found[path.as_posix()] = StaticFile.of(file.read_bytes(), file.suffix)
    return found
