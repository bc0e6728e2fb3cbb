"""Where the pages under test lie, and the policy they are served with."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CSP", "DEMO", "ROOT", "SDK"]

ROOT = Path(__file__).parents[2]
SDK = ROOT / "client_sdk" / "browser" / "src"
DEMO = ROOT / "gateway" / "dashboard" / "demo"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
