"""Which parts of the set-up are done, and of what: a hash per part, kept in the virtual environment.

Hashes and not file times: a clone, a switched branch or a copied folder has times that mean nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from tools.command import VENV

__all__ = ["fresh", "key", "mark"]

# Removed together with the environment that it describes.
_FILE = VENV / "setup-stamps.json"


def key(*parts: str | Path) -> str:
    """A hash over texts and over the bytes of files, to be compared with the one that was stamped."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def fresh(part: str, value: str, outputs: Iterable[Path] = ()) -> bool:
    """Whether `part` was set up from just this `value` and its outputs are still there."""
    return _read().get(part) == value and all(path.exists() for path in outputs)


def mark(part: str, value: str) -> None:
    """Remember that `part` is set up from `value`."""
    stamps = {**_read(), part: value}
    _FILE.write_text(json.dumps(stamps, indent=1, sort_keys=True) + "\n", "utf-8")


def _read() -> dict[str, str]:
    try:
        stamps = json.loads(_FILE.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}
