"""Folders of files for browsers."""

from __future__ import annotations

import gzip
from pathlib import Path

from gateway.server.static import StaticFile, read_folder


def test_a_folder_becomes_a_table(tmp_path: Path) -> None:
    """Servable files are found by path, with type and tag; others, hidden ones and skipped folders are not."""
    for name in ("index.html", "a/b.js", "a/b.py", ".env.js", ".git/x.js", "skip/y.js", "a/skip/z.css", "NOTES"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(name)
    files = read_folder(tmp_path, skip=("skip",))
    assert sorted(files) == ["a/b.js", "a/skip/z.css", "index.html"]
    assert files["a/b.js"].content_type == "text/javascript; charset=utf-8"
    assert files["a/b.js"].body == b"a/b.js"


def test_a_link_that_leads_out_is_left_out(tmp_path: Path) -> None:
    """A link within the folder is served, one to a file outside is not."""
    (tmp_path / "secret.js").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.js").write_text("a")
    (root / "inside.js").symlink_to(root / "a.js")
    (root / "outside.js").symlink_to(tmp_path / "secret.js")
    assert sorted(read_folder(root)) == ["a.js", "inside.js"]


def test_no_folder_is_no_files(tmp_path: Path) -> None:
    """A folder that is not there gives an empty table."""
    assert read_folder(tmp_path / "missing") == {}


def test_tags_follow_the_bytes() -> None:
    """Equal bytes have equal tags, others other ones."""
    one, same, other = (StaticFile.of(body, ".js") for body in (b"1", b"1", b"2"))
    assert one.etag == same.etag != other.etag


def test_files_are_packed_when_that_saves() -> None:
    """Text that shrinks is kept packed as well, small text and pictures are not; packing is repeatable."""
    text = b"const x = 1;\n" * 99
    packed = StaticFile.of(text, ".js").packed
    assert packed is not None
    assert gzip.decompress(packed) == text
    assert packed == StaticFile.of(text, ".js").packed
    assert StaticFile.of(b"x", ".js").packed is None
    assert StaticFile.of(text, ".png").packed is None
