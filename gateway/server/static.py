"""Files for browsers, read once. A path is a dictionary key, so there is no folder to climb out of."""

from __future__ import annotations

import gzip
import re
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
_REFUSED: Final = re.compile(r"q\s*=\s*0(\.0{0,3})?")
_LEAST_SAVED: Final = 128  # bytes below which a packed copy is not worth its header


class StaticFile(NamedTuple):
    """One file as it is sent. `packed` has its other forms by content coding, the smallest first; only what saves."""

    body: bytes
    content_type: str
    etag: str
    packed: dict[str, bytes]

    @classmethod
    def of(cls, body: bytes, suffix: str, brotli: bytes | None = None) -> StaticFile:
        """`body` with its type by `suffix`, its tag, and its packed forms: gzip, and `brotli` where it was made before.

        About 30 ms a megabyte.
        """
        forms = {"br": brotli, "gzip": gzip.compress(body, 9, mtime=0) if suffix in _PACKABLE else None}
        packed = {coding: form for coding, form in forms.items() if form and len(form) + _LEAST_SAVED < len(body)}
        return cls(body, _TYPES[suffix], blake2b(body, digest_size=12).hexdigest(), packed)

    def coding(self, accepted: str) -> str | None:
        """The content coding to send it in, for an `Accept-Encoding`; None: as it is.

        Weights other than 0 are not compared (RFC 9110, 12.5.3): every browser that reads brotli is glad of it.
        """
        asked = {}
        for one in accepted.lower().split(","):
            coding, _, weight = one.partition(";")
            asked[coding.strip()] = not _REFUSED.fullmatch(weight.strip())
        return next((coding for coding in self.packed if asked.get(coding, asked.get("*", False))), None)


def read_folder(root: Path, *, skip: tuple[str, ...] = ()) -> dict[str, StaticFile]:
    """All servable files under `root`, by their path with `/`; an empty dictionary when there is no such folder.

    Hidden files, files of other types, links that lead out of `root` and the top-level folders in `skip` are left out.
    What stands beside a file as `NAME.br` is its brotli form.
    """
    found = {}
    base = root.resolve()
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root)
        if any(part.startswith(".") for part in path.parts) or path.parts[0] in skip:
            continue
        if file.suffix not in _TYPES or not file.is_file() or not file.resolve().is_relative_to(base):
            continue
        brotli = file.with_name(f"{file.name}.br")
        made = brotli.read_bytes() if brotli.is_file() and not brotli.is_symlink() else None
        found[path.as_posix()] = StaticFile.of(file.read_bytes(), file.suffix, made)
    return found
