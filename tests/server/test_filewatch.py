"""A change of a file is seen once it is whole."""

from __future__ import annotations

from pathlib import Path

from gateway.server.filewatch import FileWatch


def test_a_change_counts_when_two_looks_found_the_same(tmp_path: Path) -> None:
    """And until it is read; the content of before is no change again."""
    file = tmp_path / "x"
    file.write_text("1")
    watch = FileWatch(file)
    assert not watch.changed()
    file.write_text("12")
    assert not watch.changed()
    file.write_text("123")
    assert not watch.changed()
    assert watch.changed()
    assert watch.changed()
    watch.read()
    assert not watch.changed()


def test_a_file_that_comes_later_is_a_change(tmp_path: Path) -> None:
    """One that is gone is waited for, and the same one in another place is another one."""
    file = tmp_path / "x"
    watch = FileWatch(file)
    assert not watch.changed()
    file.write_text("1")
    assert [watch.changed(), watch.changed()] == [False, True]
    watch.read()
    file.unlink()
    assert [watch.changed(), watch.changed()] == [False, False]
    (tmp_path / "y").write_text("2")
    (tmp_path / "y").rename(file)
    assert [watch.changed(), watch.changed()] == [False, True]


def test_no_file_never_changes() -> None:
    """Nothing is looked at."""
    assert not FileWatch(None).changed()
