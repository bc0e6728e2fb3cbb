"""The table of settings in the documentation is made from the settings."""

from __future__ import annotations

from dataclasses import field as dataclass_field
from dataclasses import fields, make_dataclass

import pytest

from gateway.config import Config
from tools import settings


def test_the_page_has_the_settings_as_they_are() -> None:
    """docs/settings.md is what `python -m tools.settings` would write."""
    page = settings.PAGE.read_text("utf-8")
    assert settings.refresh(page, fields(Config)) == page


def test_a_new_setting_makes_the_page_stale() -> None:
    """A planted setting, or one whose default or reason has changed, is not what the page says."""
    page = settings.PAGE.read_text("utf-8")
    planted = make_dataclass("Planted", [("depth", int, dataclass_field(default=3, metadata={"why": "a reason"}))])
    stale = settings.refresh(page, [*fields(Config), *fields(planted)])
    assert stale != page
    assert "| `depth` | `3` | a reason |" in stale


def test_defaults_are_written_as_in_toml() -> None:
    """Texts have quotes, empty lists brackets, large numbers underscores."""
    rows = settings.table(fields(Config))
    assert '| `host` | `"127.0.0.1"` |' in rows
    assert "| `write_keys` | `[]` |" in rows
    assert "| `max_frame` | `262_144` |" in rows


def test_a_page_without_its_marks_is_refused() -> None:
    """A page that has lost the place of its table is not overwritten."""
    with pytest.raises(ValueError, match="marks"):
        settings.refresh("# Settings\n", fields(Config))
