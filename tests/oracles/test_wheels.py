"""Data out of wheels."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.oracles.wheels import file_of


def test_a_wheel_that_cannot_be_had_fails_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which and why; nothing is skipped, and nothing half is kept."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(pytest.fail.Exception, match=r"retentioneering==5\.2\.\* cannot be fetched .*ERROR"):
        file_of("retentioneering==5.2.*", "retentioneering/datasets/ecom.csv.gz", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_read_out_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on it is there, and nobody is asked."""
    links = tmp_path / "links"
    links.mkdir()
    with zipfile.ZipFile(links / "sample_data-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("sample_data/rows.csv", "a,b")
        wheel.writestr("sample_data-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: sample-data\nVersion: 1.0\n")
        wheel.writestr("sample_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("sample_data-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    kept = file_of("sample-data", "sample_data/rows.csv", tmp_path / "kept")
    assert kept.read_text() == "a,b"
    (links / "sample_data-1.0-py3-none-any.whl").unlink()
    assert file_of("sample-data", "sample_data/rows.csv", tmp_path / "kept") == kept
