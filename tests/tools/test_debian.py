"""Programs of Debian's packages, with a stand-in for apt-get and dpkg-deb: nothing is changed on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import debian
from tools.command import SetupError


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been run; a package `server` can be downloaded, which has one program."""
    ran: list[str] = []

    def run(*argv: str, cwd: Path = tmp_path) -> str:
        ran.append(" ".join(argv[:2]))
        if argv[:2] == ("apt-get", "download"):
            (cwd / f"{argv[-1]}_1_all.deb").touch()
        if argv[0] == "dpkg-deb" and "/server_" in argv[2]:
            program = Path(argv[3], "usr", "sbin", "server")
            program.parent.mkdir(parents=True)
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)
        return ""

    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(debian, "run", run)
    monkeypatch.setattr(debian, "VENV", tmp_path)
    monkeypatch.setattr(debian, "allowed", lambda: False)
    monkeypatch.setattr(
        debian, "find", lambda name: name if name == "apt-get" or (tmp_path / "bin" / name).exists() else None
    )
    return ran


def test_a_server_is_unpacked_and_not_installed(tmp_path: Path, commands: list[str]) -> None:
    """Its program lies where the tests look, and can be run; a second time there is nothing to do."""
    debian.unpack("server", "a test")
    assert commands == ["apt-get download", "dpkg-deb -x"]
    assert (tmp_path / "bin" / "server").stat().st_mode & 0o111
    debian.unpack("server", "a test")
    assert len(commands) == 2


def test_a_package_without_the_program_is_named(commands: list[str]) -> None:
    """So that one sees what is missing, and not a test that cannot start it."""
    with pytest.raises(SetupError, match="the package other has no usr/sbin/other"):
        debian.unpack("other", "a test")
    assert commands == ["apt-get download", "dpkg-deb -x"]


def test_where_there_is_no_apt_get_one_is_told_what_to_install(
    commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it is for."""
    monkeypatch.setattr(debian, "find", lambda _name: None)
    with pytest.raises(SetupError, match="server is missing, for a test: install it"):
        debian.unpack("server", "a test")
    assert commands == []
