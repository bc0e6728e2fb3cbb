"""The peers' environments: what is missing is a reason, and what is there is not made again. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.environments import Environment, UnavailableError, prepare


def test_a_missing_program_is_a_reason(tmp_path: Path) -> None:
    """A peer that needs a JVM is left out where there is none."""
    needs = Environment("x", (), programs=("no-such-program-here",))
    with pytest.raises(UnavailableError, match="x needs no-such-program-here"):
        prepare(needs, tmp_path)


def test_packages_that_cannot_be_installed_are_a_reason(tmp_path: Path) -> None:
    """The reason is what uv says, and nothing half-made counts as installed."""
    broken = Environment("x", ("not a requirement !",))
    for _ in range(2):
        with pytest.raises(UnavailableError, match=r"could not be installed: .*not a requirement"):
            prepare(broken, tmp_path)


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    """The same wishes find the same interpreter; others make it anew."""
    folder = tmp_path / "x"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / "installed").write_text("3.11\na==1", "utf-8")
    assert prepare(Environment("x", ("a==1",)), tmp_path) == folder / "bin" / "python"
    with pytest.raises(UnavailableError):
        prepare(Environment("x", ("not a requirement !",)), tmp_path)
    assert not (folder / "installed").exists()
