"""Tests mirror the source: each module has its own test file, named for it and lying in its room's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, modules, plant

ROOMS = ("gateway", "analytics", "client_sdk/python")

# Nothing but a call of gateway.cli.main, which tests/test_cli.py runs as a process.
NO_TEST_OF_ITS_OWN = {"gateway.__main__"}


def untested(root: Path) -> list[str]:
    """Modules without a test file of their own, as `module: where it is looked for`."""
    tests = {file.relative_to(root).as_posix() for file in files(root / "tests", ".py")}
    missing = []
    for name, file in modules(root, *ROOMS):
        if file.name == "__init__.py" or name in NO_TEST_OF_ITS_OWN:
            continue
        places = mirrors(file.relative_to(root))
        if not tests & set(places):
            missing.append(f"{name.replace('/', '.')}: {places[0]}")
    return missing


def mirrors(source: Path) -> list[str]:
    """Where the test of a module may lie: its whole path under tests/, or less the outermost package.

    The Python client has tests/client_sdk to itself: the browser SDK keeps its own tests beside it.
    """
    name = f"test_{source.stem}.py"
    parts = source.parts[:-1]
    folders = [parts[skip:] for skip in range(len(parts) if len(parts) > 1 else 2)]
    if parts[:2] == ("client_sdk", "python"):
        folders.append(("client_sdk", *parts[2:]))
    return ["/".join(("tests", *folder, name)) for folder in folders]


def test_every_module_has_a_test_of_its_own() -> None:
    """No module of this tree is tested only by the way."""
    assert untested(ROOT) == []


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("gateway/core/credit.py", "tests/core/test_credit.py"),
        ("gateway/core/credit.py", "tests/gateway/core/test_credit.py"),
        ("gateway/config.py", "tests/test_config.py"),
        ("analytics/measures/uniq.py", "tests/analytics/measures/test_uniq.py"),
        ("client_sdk/python/core.py", "tests/client_sdk/python/test_core.py"),
        ("client_sdk/python/core.py", "tests/client_sdk/test_core.py"),
    ],
)
def test_a_module_without_a_test_is_found(tmp_path: Path, source: str, test: str) -> None:
    """A module is a violation until the file that mirrors it is there."""
    plant(tmp_path, {source: "", "tests/elsewhere/" + Path(test).name: ""})
    assert len(untested(tmp_path)) == 1
    plant(tmp_path, {test: ""})
    assert untested(tmp_path) == []
