"""uPlot, the dashboard's chart library: two files and their licence, fetched at set-up and not committed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tools import stamp, tarball
from tools.command import ROOT, say

__all__ = ["ensure"]

_PACKAGE = "uplot@1.6.32"
_INTEGRITY = "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
_VENDOR = ROOT / "gateway" / "dashboard" / "vendor"
_MEMBERS = {
    "dist/uPlot.esm.js": _VENDOR / "uPlot.esm.js",
    "dist/uPlot.min.css": _VENDOR / "uPlot.min.css",
    "LICENSE": _VENDOR / "uPlot.LICENSE",
}


def ensure() -> None:
    """Put uPlot into the dashboard's vendor folder unless this version is there.

    Raises:
        SetupError: it cannot be fetched or is not the file that was pinned.
    """
    value = stamp.key(_PACKAGE, _INTEGRITY, *_MEMBERS)
    if stamp.fresh("uplot", value, _MEMBERS.values()):
        return
    say(f"fetching {_PACKAGE} for the dashboard")
    with tempfile.TemporaryDirectory(prefix="tidegate-") as folder:
        tarball.fetch(_PACKAGE, _INTEGRITY, _MEMBERS, Path(folder))
    stamp.mark("uplot", value)
