"""The browser SDK's build: what the gateway serves at `/sdk.js`, made at set-up and not committed."""

from __future__ import annotations

from tools import node, stamp
from tools.command import ROOT, run, say

__all__ = ["ensure"]

_FOLDER = ROOT / "client_sdk" / "browser"


def ensure() -> None:
    """Build it unless there is a build of just these sources with just this builder.

    Raises:
        SetupError: npm cannot install the builder, or the sources do not build.
    """
    node.install(_FOLDER)
    inputs = [_FOLDER / "build.js", _FOLDER / "package-lock.json", *sorted((_FOLDER / "src").rglob("*.js"))]
    value = stamp.key(*(part for file in inputs for part in (file.relative_to(ROOT).as_posix(), file)))
    if stamp.fresh("sdk", value, [_FOLDER / "dist" / "build.json"]):
        return
    say("building the browser SDK")
    run("node", "build.js", cwd=_FOLDER)
    stamp.mark("sdk", value)
