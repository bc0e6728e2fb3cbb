"""`docs/tidegate.proto`, made from `gateway.wire.protoschema`: `python -m tools.proto` writes it anew.

Unlike the other modules here it needs the project installed, so it is run with the virtual environment's Python.
"""

from __future__ import annotations

from gateway.wire.protoschema import proto_text
from tools.command import ROOT, say

__all__ = ["FILE"]

FILE = ROOT / "docs" / "tidegate.proto"


if __name__ == "__main__":
    FILE.write_text(proto_text(), "utf-8")
    say(str(FILE.relative_to(ROOT)))
