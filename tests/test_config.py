"""Settings: file, environment, flags, in that order; each wrong one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.config import Config, duration_ms
from gateway.errors import ConfigError


def test_each_source_overrides_the_one_before(tmp_path: Path) -> None:
    """Defaults, TOML file, environment, flags."""
    file = tmp_path / "tidegate.toml"
    file.write_text('port = 1\nhost = "a"\ntick_ms = 7\nwrite_keys = ["k1", "k2"]\n')
    config = Config.load(
        str(file), {"TIDEGATE_PORT": "2", "TIDEGATE_HOST": "b", "PATH": "x"}, {"port": 3, "kpis": None}
    )
    assert (config.port, config.host, config.tick_ms, config.write_keys) == (3, "b", 7, ("k1", "k2"))
    assert config.max_frame == 262_144


def test_lists_come_as_commas() -> None:
    """Spaces and empty parts do not matter."""
    config = Config.load(None, {"TIDEGATE_VIEW_KEYS": " a, b ,,"})
    assert config.view_keys == ("a", "b")


@pytest.mark.parametrize(
    ("flags", "setting"),
    [
        ({"port": 70_000}, "port"),
        ({"port": "http"}, "port"),
        ({"tick_ms": 0}, "tick_ms"),
        ({"tick_ms": "-5"}, "tick_ms"),
        ({"max_frame": True}, "max_frame"),
        ({"host": 5}, "host"),
        ({"write_keys": [5]}, "write_keys"),
        ({"log_retention": "a week"}, "log_retention"),
        ({"log_level": "loud"}, "log_level"),
        ({"tls_cert": "x"}, "tls_key"),
        ({"tls_key": "x"}, "tls_cert"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_value_names_its_setting(flags: dict[str, Any], setting: str) -> None:
    """One line that begins with the name."""
    with pytest.raises(ConfigError) as caught:
        Config.load(None, {}, flags)
    assert caught.value.setting == setting
    assert str(caught.value).startswith(setting)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"port = ", b"\xff"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    """With its path."""
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        Config.load(str(file))
    with pytest.raises(ConfigError, match="cannot read"):
        Config.load(str(tmp_path / "missing.toml"))


@pytest.mark.parametrize(
    ("text", "ms"), [("500ms", 500), ("10s", 10_000), ("30m", 1_800_000), ("2h", 7_200_000), ("7d", 604_800_000)]
)
def test_durations_are_a_number_and_a_unit(text: str, ms: int) -> None:
    """ms, s, m, h, d."""
    assert duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-5s", "5w", "1.5h", "5sm"])
def test_other_texts_are_no_durations(text: str) -> None:
    """Neither signs nor fractions."""
    with pytest.raises(ValueError, match="duration"):
        duration_ms(text)


def test_every_setting_has_a_reason() -> None:
    """The default is explained where it stands."""
    from dataclasses import fields

    assert [f.name for f in fields(Config) if len(f.metadata["why"]) < 10] == []
    assert Config().log_retention_ms == 604_800_000
