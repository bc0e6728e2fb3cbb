"""Packages of the npm registry: nothing is unpacked but the named members of the pinned file."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from tools import tarball
from tools.command import SetupError


@pytest.fixture
def integrity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of a package `x@1.0.0` with one member, which a stand-in for npm hands out."""
    packed = tmp_path / "x-1.0.0.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        member = tarfile.TarInfo("package/dist/x.js")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"x=1"))
    monkeypatch.setattr(tarball, "run", lambda *_argv, **_options: "x-1.0.0.tgz\n")
    return "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()


def test_the_named_members_are_unpacked(tmp_path: Path, integrity: str) -> None:
    """A member lands where it was told to, in a folder that is made for it."""
    target = tmp_path / "vendor" / "x.js"
    tarball.fetch("x@1.0.0", integrity, {"dist/x.js": target}, tmp_path)
    assert target.read_bytes() == b"x=1"


@pytest.mark.usefixtures("integrity")
def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    """Nothing is written when the registry hands out something else than was pinned."""
    target = tmp_path / "vendor" / "x.js"
    with pytest.raises(SetupError, match="not the one that is pinned"):
        tarball.fetch("x@1.0.0", "sha512-AAAA", {"dist/x.js": target}, tmp_path)
    assert not target.exists()


def test_a_member_that_is_not_there_is_named(tmp_path: Path, integrity: str) -> None:
    """A package that lacks a member is refused with the member's name."""
    with pytest.raises(SetupError, match=r"dist/y\.js"):
        tarball.fetch("x@1.0.0", integrity, {"dist/y.js": tmp_path / "y.js"}, tmp_path)
