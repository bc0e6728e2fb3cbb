"""Where recordings are read from."""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import pytest

from gateway.errors import ConfigError, RecordingError
from gateway.replay.source import pieces

DATA = b"".join(b"%d\n" % n for n in range(500))


@pytest.mark.parametrize("name", ["r.ndjson", "r.ndjson.gz"])
def test_a_file_comes_in_pieces(tmp_path: Path, name: str) -> None:
    """All of it, in order, no piece larger than asked for; gzip is told by the name."""
    file = tmp_path / name
    file.write_bytes(gzip.compress(DATA) if name.endswith("gz") else DATA)
    found = list(pieces(str(file), 100))
    assert b"".join(found) == DATA
    assert max(map(len, found)) <= 100


def test_the_standard_input_is_read_as_it_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece is what is there, not what is asked for."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        found = pieces("-")
        for text in (b"a\n", b"b"):
            os.write(writing, text)
            assert next(found) == text
        os.close(writing)
        assert list(found) == []


def test_no_file_is_a_wrong_setting(tmp_path: Path) -> None:
    """So is a folder."""
    for name in (tmp_path / "missing", tmp_path):
        with pytest.raises(ConfigError, match="cannot read"):
            list(pieces(str(name)))


# Without a time inside: the workers of a run must find tests of the same names.
PACKED = gzip.compress(DATA, mtime=0)


@pytest.mark.parametrize("data", [PACKED[:-20], DATA, PACKED[:60] + b"x" * 20], ids=["cut", "plain", "damaged"])
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_damaged_gzip_is_a_bad_recording(tmp_path: Path, data: bytes, size: int) -> None:
    """Cut short, no gzip at all, or damaged inside: what could be read comes first."""
    file = tmp_path / "r.gz"
    file.write_bytes(data)
    found = list[bytes]()
    with pytest.raises(RecordingError, match=r"Compressed file ended|Not a gzipped file|Error -3"):
        found.extend(pieces(str(file), size))
    unpacked = b"".join(found)
    assert DATA.startswith(unpacked)
    assert max(map(len, found), default=0) <= size
