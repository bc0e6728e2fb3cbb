"""A module is named for the one thing it is about, and stays small enough to be about one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, plant

NOT_A_NOUN = {"utils", "util", "helpers", "helper", "common", "manager", "base"}
MOST_LINES = 320
CODE = (".py", ".js", ".mjs", ".ts", ".css", ".html", ".sh")


def empty_names(root: Path) -> list[str]:
    """Modules and folders whose name says nothing about what is in them."""
    return [
        path.as_posix()
        for path in (file.relative_to(root) for file in files(root, *CODE))
        if NOT_A_NOUN & {path.name.split(".")[0].lower(), *(part.lower() for part in path.parts[:-1])}
    ]


def long_files(root: Path) -> list[str]:
    """Files that have grown past what one noun needs."""
    counts = {file: len(file.read_text("utf-8").splitlines()) for file in files(root, *CODE)}
    return [f"{file.relative_to(root)}: {lines} lines" for file, lines in counts.items() if lines > MOST_LINES]


def test_every_module_has_a_name_that_says_something() -> None:
    """No module or folder of this tree is a drawer for odds and ends."""
    assert empty_names(ROOT) == []


@pytest.mark.parametrize(
    "path",
    [
        "gateway/core/utils.py",
        "gateway/dashboard/helpers/text.js",
        "client_sdk/browser/src/common.js",
        "analytics/base.py",
    ],
)
def test_an_empty_name_is_found(tmp_path: Path, path: str) -> None:
    """One planted drawer is one violation."""
    assert empty_names(plant(tmp_path, {path: "\n", "gateway/core/based.py": "\n"})) == [path]


def test_every_file_is_short() -> None:
    """No source file of this tree is longer than 320 lines."""
    assert long_files(ROOT) == []


@pytest.mark.parametrize("path", ["gateway/core/credit.py", "gateway/dashboard/tile.js"])
def test_a_long_file_is_found(tmp_path: Path, path: str) -> None:
    """A file of 321 lines is a violation, one of 320 is not."""
    plant(tmp_path, {path: "x = 1\n" * (MOST_LINES + 1), "analytics/time.py": "x = 1\n" * MOST_LINES})
    assert long_files(tmp_path) == [f"{path}: {MOST_LINES + 1} lines"]
