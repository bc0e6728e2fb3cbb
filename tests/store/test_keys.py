"""Keys are made once and stay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.store import Keys, kept, load_or_create


def test_keys_are_made_once(tmp_path: Path) -> None:
    """The first start makes two different random keys; each later one finds the same."""
    made = load_or_create(tmp_path / "new")
    assert made.created
    assert made.write != made.view
    assert load_or_create(tmp_path / "new") == Keys(made.write, made.view, created=False)
    assert load_or_create(tmp_path / "other").write != made.write


def test_keys_fit_a_url_fragment(tmp_path: Path) -> None:
    """A key has at least 32 characters, none of which needs escaping."""
    made = load_or_create(tmp_path)
    for key in (made.write, made.view):
        assert re.fullmatch(r"[wv]_[A-Za-z0-9_-]{32}", key)


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The file has mode 0600, and gets it back when it had a wider one."""
    load_or_create(tmp_path)
    file = tmp_path / "keys.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    load_or_create(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"write = 1\nview = 2\n", b'write = "secret', b"\xff", b'write = ""\nview = ""\n']
)
def test_a_damaged_file_is_named_and_kept_secret(tmp_path: Path, content: bytes) -> None:
    """Keys that cannot be read are a wrong setting; the message names the file and holds nothing of it."""
    file = tmp_path / "keys.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"^data: .*keys\.toml") as caught:
        load_or_create(tmp_path)
    assert "secret" not in str(caught.value)
    assert file.read_bytes() == content


def test_a_place_that_takes_no_file_is_a_wrong_setting(tmp_path: Path) -> None:
    """When the draft cannot be written, the setting `data` is named."""
    (tmp_path / "keys.toml.new").mkdir()
    with pytest.raises(ConfigError, match=r"^data: cannot write"):
        load_or_create(tmp_path)


def test_kept_keys_are_read_without_making_any(tmp_path: Path) -> None:
    """Someone who only looks leaves no trace."""
    assert kept(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    made = load_or_create(tmp_path)
    assert kept(tmp_path) == Keys(made.write, made.view, created=False)
    (tmp_path / "keys.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="damaged"):
        kept(tmp_path)
