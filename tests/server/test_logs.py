"""What log lines look like, and what never gets into them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.server.logs import configure_logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log at level info; both logging systems are put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs("info", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def only(stream: io.StringIO) -> dict[str, Any]:
    """The one line that was logged."""
    (line,) = stream.getvalue().splitlines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_an_event_is_one_json_line(lines: io.StringIO) -> None:
    """Name, level, time in UTC and the values given."""
    structlog.get_logger("x").info("socket_closed", code=4103, seconds=1.5)
    line = only(lines)
    assert line["timestamp"].endswith("Z")
    del line["timestamp"]
    assert line == {"event": "socket_closed", "level": "info", "code": 4103, "seconds": 1.5}


def test_levels_below_are_silent(lines: io.StringIO) -> None:
    """At info, debug says nothing."""
    structlog.get_logger().debug("frame")
    assert lines.getvalue() == ""


@pytest.mark.parametrize(
    "hostile", ["a\r\nb", "\x1b[2J\x1b[31m", "\x9b31m", "\x00\x07\x08", "\u202eevil", "\u2028", "é\ud800", "\x7f"]
)
def test_a_line_stays_a_line(lines: io.StringIO, hostile: str) -> None:
    """Whatever a text holds, the line is one line of printable ASCII, and JSON gives the text back."""
    structlog.get_logger().warning("bad_origin", origin=hostile, **{"k" + hostile: 1})
    text = lines.getvalue().removesuffix("\n")
    assert all(" " <= character <= "~" for character in text)
    assert only(lines)["origin"] == hostile


@pytest.mark.parametrize("name", ["token", "payload", "authorization", "data", "body", "key"])
def test_secrets_and_payloads_are_blanked(lines: io.StringIO, name: str) -> None:
    """A value under a name that means a secret or a payload is not written."""
    structlog.get_logger().error("oops", **{name: "canary-1", "raw": b"canary-2"})
    assert "canary" not in lines.getvalue()
    assert only(lines)[name] == "[redacted]"
    assert only(lines)["raw"] == "[8 bytes]"


def test_long_texts_are_cut(lines: io.StringIO) -> None:
    """A megabyte in a value does not become a megabyte of log."""
    structlog.get_logger().error("oops", agent="x" * 1_000_000)
    assert len(lines.getvalue()) < 5_000


def test_exceptions_are_text_on_the_same_line(lines: io.StringIO) -> None:
    """A traceback is a value of the line."""
    try:
        raise ValueError("boom")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: boom" in only(lines)["exception"]


def test_libraries_speak_the_same_way(lines: io.StringIO) -> None:
    """A line of the standard library's logging has the same form and the logger's name; below a warning it is mute."""
    logging.getLogger("lib").warning("it is %s", "late\nor so")
    logging.getLogger("lib").info("chatter")
    line = only(lines)
    assert (line["event"], line["level"], line["logger"]) == ("it is late\nor so", "warning", "lib")


def test_an_unknown_level_is_an_error() -> None:
    """The setting has been checked before; anything else is a bug."""
    with pytest.raises(KeyError):
        configure_logs("loud")
