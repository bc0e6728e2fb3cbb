"""What can be said to `tidegate tail`."""

from __future__ import annotations

import argparse
import json
from typing import Any

__all__ = ["TAIL", "add_arguments"]

TAIL = ("url", "event", "user", "verdict", "reason", "where", "rate", "json", "most")
"""Those that are no settings."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The command's own; which settings it reads is said elsewhere."""
    command.add_argument("--url", default="http://127.0.0.1:8080", help="the gateway (http://127.0.0.1:8080)")
    command.add_argument("--event", metavar="NAME", help="only events of this name")
    command.add_argument("--user", metavar="ID", help="only events of this distinct_id")
    command.add_argument(
        "--verdict", choices=("accepted", "warn", "duplicate", "drop"), help="only events of which this became"
    )
    command.add_argument("--reason", metavar="SLUG", help="only events with this reason, such as late")
    command.add_argument(
        "--where",
        action=_Equality,
        metavar="NAME=VALUE",
        help="only events whose property has this value, JSON or plain text; may be given several times",
    )
    command.add_argument("--rate", type=_rate, default=50.0, metavar="N", help="events a second, 1 to 200 (50)")
    command.add_argument("--json", action="store_true", help="print each event whole, a line of JSON")
    command.add_argument("--count", dest="most", type=_count, metavar="N", help="end after so many events")


class _Equality(argparse.Action):
    """Gathers `NAME=VALUE` in a dictionary. A value that is a JSON scalar is that, any other is a text."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        name, sign, value = str(values).partition("=")
        if not name or not sign:
            parser.error(f"argument {option_string}: {values[:60]!r} is not NAME=VALUE")
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = value
        found = value if isinstance(found, dict | list) else found
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), name: found})


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 1 <= rate <= 200:
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not a number from 1 to 200")
    return rate


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 9 and int(text)):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not a whole number from 1 on")
    return int(text)
