"""What must not get into the project: addresses in lock files, and paths of the machine it was written on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, plant

_ADDRESS = re.compile(r"[a-z+]+://")

# Put together here, so that this file is not its own violation.
_MACHINE = re.compile(r"(?<![\w.$}])/(" + "|".join(("ho" + "me", "ro" + "ot", "wo" + "rk", "Us" + "ers")) + r")/")


def addresses(root: Path) -> list[str]:
    """Lines of lock files that name a host: they would tie everyone to one registry."""
    locks = [
        file
        for file in files(root)
        if file.name.endswith((".lock", "-lock.json")) or re.fullmatch(r"requirements.*\.txt", file.name)
    ]
    return [place for file in locks for place in _lines(root, file, _ADDRESS)]


def machine_paths(root: Path) -> list[str]:
    """Lines that hold an absolute path below somebody's own folder."""
    return [place for file in tracked(root) for place in _lines(root, file, _MACHINE)]


def tracked(root: Path) -> list[Path]:
    """Files that git keeps or would keep; all files where there is no repository."""
    listing = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return list(files(root))
    return [root / name for name in sorted(done.stdout.split("\0")) if name and (root / name).is_file()]


def _lines(root: Path, file: Path, pattern: re.Pattern[str]) -> list[str]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        return []
    return [f"{file.relative_to(root)}:{n}: {line.strip()}" for n, line in enumerate(lines, 1) if pattern.search(line)]


def test_lock_files_name_no_host() -> None:
    """The lock files of this tree hold versions and hashes, and no address."""
    assert addresses(ROOT) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("requirements.lock", "--index-url https://packages.example/simple"),
        ("requirements-dev.txt", "six @ https://packages.example/six.whl"),
        ("client_sdk/browser/package-lock.json", '"resolved": "https://packages.example/x.tgz",'),
        ("uv.lock", 'registry = "https://packages.example/simple"'),
    ],
)
def test_an_address_in_a_lock_file_is_found(tmp_path: Path, path: str, line: str) -> None:
    """One planted address is one violation."""
    plant(tmp_path, {path: f"six==1.16.0\n{line}\n"})
    assert addresses(tmp_path) == [f"{path}:2: {line}"]


def test_no_file_holds_a_path_of_one_machine() -> None:
    """Nothing that git keeps of this tree names a folder that only its author has."""
    assert machine_paths(ROOT) == []


@pytest.mark.parametrize("folder", ["ho" + "me", "ro" + "ot", "wo" + "rk"])
def test_a_path_of_one_machine_is_found(tmp_path: Path, folder: str) -> None:
    """One planted path is one violation; the same word inside a relative path or an address is none."""
    fine = f"docs/{folder}/x\n$DIR/{folder}/x\nhttp://a.example/{folder}/x\n"
    plant(tmp_path, {"docs/notes.md": f"{fine}see /{folder}/me/notes\n"})
    assert machine_paths(tmp_path) == [f"docs/notes.md:4: see /{folder}/me/notes"]
