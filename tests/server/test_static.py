"""Folders of files for browsers."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

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
    assert gzip.decompress(packed["gzip"]) == text
    assert packed == StaticFile.of(text, ".js").packed
    assert StaticFile.of(b"x", ".js", brotli=b"").packed == {}
    assert StaticFile.of(text, ".png").packed == {}
    assert StaticFile.of(text, ".js", brotli=text).packed == packed


def test_what_brotli_made_stands_beside_the_file(tmp_path: Path) -> None:
    """`NAME.br` is a form of NAME and no file of its own; a link that leads out is none."""
    text = "const x = 1;\n" * 99
    for name in ("a.js", "b.js", "c.js"):
        (tmp_path / name).write_text(text)
    (tmp_path / "a.js.br").write_bytes(b"packed")
    (tmp_path / "b.js.br").symlink_to(tmp_path / "a.js.br")
    files = read_folder(tmp_path)
    assert {name: list(file.packed) for name, file in files.items()} == {
        "a.js": ["br", "gzip"],
        "b.js": ["gzip"],
        "c.js": ["gzip"],
    }
    assert files["a.js"].packed["br"] == b"packed"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("BR;q=0.1, GZIP", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=1.0", "gzip"),
        ("br; q=0.000,gzip ; q = 0", None),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("*;q=0", None),
        ("identity", None),
        ("brotli, gzipped, x-gzip", None),
        ("", None),
        (",;,;q=0,", None),
    ],
)
def test_the_smallest_form_that_is_taken(accepted: str, coding: str | None) -> None:
    """By what `Accept-Encoding` names and does not refuse; a file that has no other form is sent as it is."""
    text = b"const x = 1;\n" * 99
    assert StaticFile.of(text, ".js", brotli=b"packed").coding(accepted) == coding
    assert StaticFile.of(b"x", ".js").coding(accepted) is None
