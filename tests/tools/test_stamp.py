"""Stamps: what has been set up, and from what."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import stamp


@pytest.fixture(autouse=True)
def _stamps_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamp, "_FILE", tmp_path / "stamps.json")


def test_a_part_is_fresh_only_for_what_it_was_made_from(tmp_path: Path) -> None:
    """A part is stale before it is marked, fresh after, and stale again for another value."""
    assert not stamp.fresh("packages", "a")
    stamp.mark("packages", "a")
    stamp.mark("project", "b")
    assert stamp.fresh("packages", "a")
    assert not stamp.fresh("packages", "b")
    assert not stamp.fresh("packages", "a", [tmp_path / "gone"])


def test_a_stamp_file_that_cannot_be_read_means_that_nothing_is_done(tmp_path: Path) -> None:
    """Half a file, or another kind of JSON, makes everything stale and is replaced."""
    for text in ('{"packages"', "[1]"):
        (tmp_path / "stamps.json").write_text(text, "utf-8")
        assert not stamp.fresh("packages", "a")
    stamp.mark("packages", "a")
    assert stamp.fresh("packages", "a")


def test_a_key_depends_on_every_byte_and_on_where_parts_end(tmp_path: Path) -> None:
    """Two different lists of parts have two different keys, also when they join to the same text."""
    file = tmp_path / "lock"
    file.write_text("bc", "utf-8")
    assert stamp.key("a", file) == stamp.key("a", "bc")
    assert len({stamp.key("a", "bc"), stamp.key("ab", "c"), stamp.key("abc"), stamp.key("bc", "a")}) == 4
