"""Settings: file, environment, flags, in that order; each wrong one is named."""

from __future__ import annotations

from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

from gateway.config import MAX_NUMBER, MAX_WORKERS, Config, duration_ms
from gateway.errors import ConfigError


def test_each_source_overrides_the_one_before(tmp_path: Path) -> None:
    """Defaults, TOML file, environment, flags."""
    file = tmp_path / "tidegate.toml"
    file.write_text('port = 1\nhost = "a"\ntick_ms = 7\nwrite_keys = ["k1", "k2"]\n', "utf-8-sig")
    config = Config.load(
        str(file), {"TIDEGATE_PORT": "2", "TIDEGATE_HOST": "b", "PATH": "x"}, {"port": 3, "kpis": None}
    )
    assert (config.port, config.host, config.tick_ms, config.write_keys) == (3, "b", 7, ("k1", "k2"))
    assert config.max_frame == 262_144


@pytest.mark.parametrize("line", ['port = "80"', 'boards_writable = "true"', 'tick_ms = " 7 "'])
def test_a_number_or_a_truth_in_quotes_is_refused_in_a_file(tmp_path: Path, line: str) -> None:
    """The file has kinds; the environment, which has none, says the same without a word against it."""
    file = tmp_path / "tidegate.toml"
    file.write_text(line)
    setting, _, text = line.partition(" = ")
    with pytest.raises(ConfigError, match="is a text; leave out its quotes") as caught:
        Config.load(str(file))
    assert caught.value.setting == setting
    Config.load(None, {f"TIDEGATE_{setting.upper()}": text.strip('"')})


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
        ({"live_events": "maybe"}, "live_events"),
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


ODD_NUMBERS = [
    "", " ", "-", "--5", "-1", "+-1", "5-", "1_0", "1.5", "1e3", "0x10", "nan", "inf", "-inf", "NaN",
    "\u0665", "\u00b2", "\uff15", "5 5", "true", "\x00", "5\n5", str(2**31), str(-(2**63)), "9" * 18, "9" * 5_000,
    "-" * 5_000, 1.5, float("nan"), float("inf"), 2**31, 10**400, -1, True, [], [5], {}, b"5",
]  # fmt: skip
ODD_TEXTS = ["a\nb", "a\x00b", "\x1b[2J", "\x7f", 5, 1.5, True, [], ["a"], {}, b"a"]
ODD_TRUTHS = ["", "yes", "1", "on", "truefalse", "t\nrue", 0, 1, 1.0, [], [True], {}, b"true"]
ODD_LISTS = ["a\nb", "ok,\x00", 5, True, {}, [5], ["ok", None], ["ok", "a\nb"], [["a"]]]
ODD_ORIGINS = ["shop.example", "https://", "https://shop.example/", "https://shop.example/a?b",
               "https://Shop.example", "HTTPS://shop.example", "https://shop.example:443", "http://shop.example:80",
               "https://a:b@shop.example", "https://büro.example", "https://*.shop.example",
               "https://shop.example:x", "https://[::1", "//shop.example", "https://a.example https://b"]  # fmt: skip
ODD_DURATIONS = ["", " ", "7", "d", "7w", "-7d", "+7d", "7.5d", "nand", "infd", "\u0667d", "7 d", " 7d", "36501d",
                 "9" * 15 + "d", "9" * 5_000 + "s"]  # fmt: skip


def oddities(setting: Field[Any]) -> list[Any]:
    """What a setting must refuse."""
    odd: list[Any] = {tuple: ODD_LISTS, bool: ODD_TRUTHS, int: ODD_NUMBERS, str: ODD_TEXTS}[type(setting.default)]
    more: dict[str, list[Any]] = {
        "log_retention": ODD_DURATIONS,
        "host": [""],
        "data": [""],
        "log_level": ["", "INFO"],
        "live_events": ["", "true"],
        "allowed_origins": ODD_ORIGINS,
        "port": [65_536],
        "workers": [0, MAX_WORKERS + 1],
    }
    return odd + more.get(setting.name, [0] if type(setting.default) is int else [])


@pytest.mark.parametrize("setting", fields(Config), ids=lambda setting: setting.name)
def test_an_odd_value_is_refused_in_a_short_line(setting: Field[Any]) -> None:
    """From any source, whatever its kind: the line begins with the name, and does not repeat a long value."""
    for value in oddities(setting):
        with pytest.raises(ConfigError) as caught:
            pytest.fail(f"{value!r:.60} was taken: {Config.load(None, {}, {setting.name: value})}")
        assert caught.value.setting == setting.name
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 150


def test_origins_are_taken_as_browsers_say_them() -> None:
    """With a port that is not the usual one, of IPv6, of apps, of pages without one, and all."""
    good = ("https://shop.example", "http://127.0.0.1:8080", "http://[::1]:8080", "capacitor://localhost", "null", "*",
            "https://xn--bcher-kva.example", "http://shop.example:443")  # fmt: skip
    assert Config.load(None, {}, {"allowed_origins": ",".join(good)}).allowed_origins == good
    with pytest.raises(ConfigError, match=r"browsers say 'https://shop.example'"):
        Config.load(None, {}, {"allowed_origins": "https://Shop.example:443/"})


@pytest.mark.parametrize("setting", [f.name for f in fields(Config) if type(f.default) is int])
def test_numbers_are_taken_from_one_to_the_largest(setting: str) -> None:
    """As numbers and as texts, spaces around them or not."""
    largest = {"port": 65_535, "workers": MAX_WORKERS}.get(setting, MAX_NUMBER)
    for value in (1, "1", " 1 ", "0001", largest, str(largest)):
        assert getattr(Config.load(None, {}, {setting: value}), setting) == int(value)


@pytest.mark.parametrize(("value", "truth"), [(True, True), ("true", True), (" FALSE ", False), (False, False)])
def test_truths_are_taken_as_toml_and_as_texts(value: Any, truth: bool) -> None:
    """The environment and the flags have texts only."""
    assert Config.load(None, {}, {"boards_writable": value}).boards_writable is truth


@pytest.mark.parametrize(
    "content", [b"port = ", b"\xff", b"port = " + b"9" * 5_000, b"port = " + b"[" * 5_000, b"a = 1\na = 2"]
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    """With its path."""
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        Config.load(str(file))
    with pytest.raises(ConfigError, match="cannot read"):
        Config.load(str(tmp_path / "missing.toml"))
    with pytest.raises(ConfigError, match="cannot read ''"):
        Config.load("")


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
    assert [f.name for f in fields(Config) if len(f.metadata["why"]) < 10] == []
    assert Config().log_retention_ms == 604_800_000
