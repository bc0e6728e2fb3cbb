"""The command line: reads arguments and the environment, calls, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NoReturn

from analytics import Engine, KpiError
from gateway.config import Config
from gateway.errors import EXIT_CONFIG, EXIT_STORAGE, ConfigError, DataFolderLockedError, TidegateError

__all__ = ["main"]


MAX_VISITORS = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0 drained, 2 wrong configuration, 74 storage failure. Failures are one line.

    Raises:
        SystemExit: 2, the arguments cannot be read; 0, they asked for help.
    """
    arguments = vars(_parser().parse_args(argv))
    command = arguments.pop("command")
    visitors = arguments.pop("visitors", 0)
    try:
        config = Config.load(arguments.pop("config", None), os.environ, arguments)
        if command == "check":
            return _check(config)
        if command == "demo":
            from gateway.demo.run import run_demo

            return run_demo(config, visitors)
        from gateway.main import serve

        return serve(config)
    except (ConfigError, KpiError, DataFolderLockedError) as error:
        return _end(EXIT_CONFIG, str(error))
    except TidegateError as error:
        # A damaged file, a full disk, a database that another program holds: no setting mends it, a later start may.
        return _end(EXIT_STORAGE, f"storage: {error}")


def _end(code: int, reason: str) -> int:
    """Say why, on one line whatever a path or an argument holds."""
    sys.stderr.write(f"tidegate: {' '.join(reason.split())}\n")
    return code


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in our one line, instead of after its own usage."""

    def error(self, message: str) -> NoReturn:
        sys.exit(_end(EXIT_CONFIG, f"{message} (see {self.prog} --help)"))


def _check(config: Config) -> int:
    from gateway.main import load_kpis

    engine = Engine(load_kpis(config.kpis), memory_budget=config.memory_budget << 20)
    sys.stdout.write(engine.describe().rstrip() + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tidegate", description="Real-time product-analytics gateway.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in (
        ("serve", "run the gateway"),
        ("demo", "run it with a demo shop and simulated visitors, on a temporary data folder"),
        ("check", "validate settings and KPIs, print the plan and its memory"),
    ):
        command = commands.add_parser(name, help=purpose, argument_default=argparse.SUPPRESS)
        command.add_argument("--config", metavar="FILE", help="settings, TOML")
        if name == "demo":
            command.add_argument(
                "--visitors", type=_visitors, default=200, metavar="N", help="simulated visitors (200)"
            )
        for setting in fields(Config):
            _add_setting(command, setting.name, setting.default, setting.metadata["why"])
    return parser


def _visitors(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_VISITORS)) and int(text) <= MAX_VISITORS):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not a whole number from 0 to {MAX_VISITORS}")
    return int(text)


def _add_setting(command: argparse.ArgumentParser, name: str, default: Any, why: str) -> None:
    shown = ",".join(default) if isinstance(default, tuple) else default
    command.add_argument(
        f"--{name.replace('_', '-')}",
        dest=name,
        metavar="N" if isinstance(default, int) else "TEXT",
        help=f"{why} (default: {shown if shown != '' else 'none'})".replace("%", "%%"),
    )
