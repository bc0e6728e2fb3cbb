"""The data folder and files that appear whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.store import folder


def test_the_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """Missing parents are made too, for their owner alone; a folder that is there stays as it is."""
    made = folder.create(tmp_path / "a" / "b")
    assert made == tmp_path / "a" / "b"
    assert made.stat().st_mode & 0o777 == 0o700
    made.chmod(0o755)
    assert folder.create(made).stat().st_mode & 0o777 == 0o755


def test_a_relative_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path that is handed on does not depend on where the process goes later."""
    monkeypatch.chdir(tmp_path)
    assert folder.create(Path("data")) == tmp_path / "data"


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_way_is_a_wrong_setting(tmp_path: Path, place: str) -> None:
    """A file where the folder or its parent should be is named."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"^data: "):
        folder.create(tmp_path / place)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content and mode are there, the draft is not, and a draft left by a crash does not matter."""
    file = tmp_path / "f"
    file.write_bytes(b"old")
    (tmp_path / "f.new").write_bytes(b"half a dra")
    folder.write_whole(file, b"new", 0o640)
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_each_new_folder_is_flushed_in_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose name was never flushed would be gone after a power cut, with all that is in it."""
    flushed: list[Path] = []
    monkeypatch.setattr(folder, "sync", flushed.append)
    folder.create(tmp_path / "a" / "b")
    assert flushed == [tmp_path, tmp_path / "a"]


def test_a_file_is_flushed_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content, then name, then the folder's list of names: a power cut between any two leaves the old or the new."""
    done: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        done.append("name")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    folder.write_whole(tmp_path / "f", b"x", 0o600)
    assert done == ["file", "name", "folder"]


def test_a_short_write_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may take less than it was given; the rest follows."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, content[:3]))
    folder.write_whole(tmp_path / "f", b"0123456789", 0o600)
    assert (tmp_path / "f").read_bytes() == b"0123456789"
