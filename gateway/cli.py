"""The command line: reads arguments and the environment, calls, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from analytics import Engine, KpiError
from gateway.config import Config
from gateway.errors import EXIT_CONFIG, EXIT_STORAGE, ConfigError, DataFolderLockedError, StorageError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0 drained, 2 wrong configuration, 74 storage failure."""
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
        sys.stderr.write(f"tidegate: {error}\n")
        return EXIT_CONFIG
    except StorageError as error:
        sys.stderr.write(f"tidegate: storage: {error}\n")
        return EXIT_STORAGE


def _check(config: Config) -> int:
    from gateway.main import load_kpis

    engine = Engine(load_kpis(config.kpis), memory_budget=config.memory_budget << 20)
    sys.stdout.write(engine.describe().rstrip() + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tidegate", description="Real-time product-analytics gateway.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in (
        ("serve", "run the gateway"),
        ("demo", "run it with a demo shop and simulated visitors, on a temporary data folder"),
        ("check", "validate settings and KPIs, print the plan and its memory"),
    ):
        command = commands.add_parser(name, help=purpose, argument_default=argparse.SUPPRESS)
        command.add_argument("--config", metavar="FILE", help="settings, TOML")
        if name == "demo":
            command.add_argument("--visitors", type=int, default=200, metavar="N", help="simulated visitors (200)")
        for setting in fields(Config):
            _add_setting(command, setting.name, setting.default, setting.metadata["why"])
    return parser


def _add_setting(command: argparse.ArgumentParser, name: str, default: Any, why: str) -> None:
    shown = ",".join(default) if isinstance(default, tuple) else default
    command.add_argument(
        f"--{name.replace('_', '-')}",
        dest=name,
        metavar="N" if isinstance(default, int) else "TEXT",
        help=f"{why} (default: {shown if shown != '' else 'none'})".replace("%", "%%"),
    )
