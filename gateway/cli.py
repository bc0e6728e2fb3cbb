"""The command line: reads arguments and the environment, calls, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NoReturn

from analytics import Engine, KpiError
from analytics.batch import time_ms
from analytics.window import duration_ms
from gateway.boards import gaps, load_boards, place_of_boards
from gateway.config import Config
from gateway.errors import (
    EXIT_CONFIG,
    EXIT_DATA,
    EXIT_STORAGE,
    ConfigError,
    DataFolderLockedError,
    RecordingError,
    TidegateError,
)
from gateway.kpis import load_kpis
from gateway.tail.arguments import TAIL, add_arguments
from gateway.version import VERSION

__all__ = ["main"]

REPLAY = ("file", "folder", "partial", "skip_bad", "start", "end")
"""Arguments of `replay` that are no settings."""
AUDIT = ("name", "url", "form", "on_time")
"""The same, of `audit`."""
DOCTOR = ("folder", "repair", "form")
"""The same, of `doctor`."""
QUARANTINE = ("action", "place", "identity", "reason", "limit", "url")
"""The same, of `quarantine`."""
MAX_VISITORS = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code.

    0 drained, 1 an audit found a difference or the doctor damage, or a replay of rejected events was refused,
    2 wrong configuration, 65 a bad recording, 74 storage failure.

    Failures are one line.

    Raises:
        SystemExit: 2, the arguments cannot be read; 0, they asked for help.
    """
    arguments = vars(_parser().parse_args(argv))
    command = arguments.pop("command")
    visitors = arguments.pop("visitors", 0)
    names = {*REPLAY, *AUDIT, *DOCTOR, *QUARANTINE, *TAIL}
    own = {name: arguments.pop(name) for name in names if name in arguments}
    try:
        config = Config.load(arguments.pop("config", None), os.environ, arguments)
        start, end = own.get("start"), own.get("end")
        if start is not None and end is not None and start > end:
            raise ConfigError(command, "--from is after --to")
        if command == "check":
            return _check(config)
        if command == "demo":
            from gateway.demo.run import run_demo

            return run_demo(config, visitors)
        if command == "replay":
            return _replay(config, own)
        if command == "audit":
            return _audit(config, own)
        if command == "tail":
            return _tail(config, own)
        if command == "doctor":
            return _doctor(config, own)
        if command == "quarantine":
            from gateway.quarantine.run import Options, run_quarantine

            return run_quarantine(Options(write_key=config.write_keys[0] if config.write_keys else "", **own))
        from gateway.main import serve

        return serve(config)
    except (ConfigError, KpiError, DataFolderLockedError) as error:
        return _end(EXIT_CONFIG, str(error))
    except RecordingError as error:
        return _end(EXIT_DATA, str(error))
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
    boards = load_boards(place_of_boards(config), must_exist=True) if config.boards else []
    specs = load_kpis(config.kpis)
    engine = Engine(specs, memory_budget=config.memory_budget << 20)
    sys.stdout.write(engine.describe().rstrip() + "\n")
    # No error: such a tile waits for its KPI, which may be in a file that is put in place next.
    for line in gaps(boards, {spec.name for spec in specs}):
        sys.stdout.write(f"{line}\n")
    return 0


def _replay(config: Config, arguments: Mapping[str, Any]) -> int:
    from gateway.replay.run import Options, run_replay
    from gateway.server.garbage import Garbage
    from gateway.wire.replies import Limits

    options = Options(
        memory_budget=config.memory_budget << 20,
        uuids=config.dedup_uuids,
        limits=Limits(config.max_frame, config.max_events, config.max_depth),
        max_property=config.max_property,
        **arguments,
    )
    specs = load_kpis(config.kpis)
    garbage = Garbage()
    garbage.settle()
    try:
        return run_replay(specs, options)
    finally:
        garbage.restore()


def _audit(config: Config, arguments: Mapping[str, Any]) -> int:
    from gateway.audit.published import Intake
    from gateway.audit.run import Options, run_audit
    from gateway.wire.replies import Limits

    intake = Intake(
        Limits(config.max_frame, config.max_events, config.max_depth),
        config.max_property,
        config.dedup_uuids,
        config.memory_budget << 20,
    )
    key = config.view_keys[0] if config.view_keys else ""
    options = Options(folder=config.data, intake=intake, view_key=key, **arguments)
    return run_audit(load_kpis(config.kpis), options)


def _doctor(config: Config, arguments: Mapping[str, Any]) -> int:
    from gateway.doctor.proof import Intake
    from gateway.doctor.run import Options, run_doctor
    from gateway.wire.replies import Limits

    limits = Limits(config.max_frame, config.max_events, config.max_depth)
    intake = Intake(limits, config.max_property, config.dedup_producers, config.dedup_uuids)
    return run_doctor(Options(intake=intake, **arguments))


def _tail(config: Config, arguments: Mapping[str, Any]) -> int:
    from gateway.tail.run import Options, run_tail

    key = config.view_keys[0] if config.view_keys else ""
    return run_tail(Options(**arguments, view_key=key, folder=config.data))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tidegate", description="Real-time product-analytics gateway.")
    parser.add_argument("--version", action="version", version=f"tidegate {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_replay(commands.add_parser("replay", help="run KPIs over recorded events and print every row as JSON"))
    _add_audit(commands.add_parser("audit", help="compute a KPI anew from the event log and print the differences"))
    _add_doctor(commands.add_parser("doctor", help="check a data folder and say exactly what is lost"))
    _add_quarantine(commands.add_parser("quarantine", help="list, inspect, export and replay rejected events"))
    tail = commands.add_parser("tail", help="watch single events of a running gateway")
    _add_settings(tail, "those of the gateway", "data", "view_keys")
    add_arguments(tail)
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


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not a whole number")
    return int(text)


def _add_replay(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file", nargs="?", metavar="FILE", help="events, one JSON object a line; .gz is unpacked, - is the input"
    )
    command.add_argument("--data", dest="folder", metavar="DIR", help="instead of FILE: the event log of a data folder")
    _add_settings_of_the_log(command, "kpis", "memory_budget", "dedup_uuids")
    command.add_argument(
        "--partial",
        type=_duration,
        nargs="?",
        const=1_000,
        metavar="EVERY",
        help="print open windows too, at each multiple of this span of event time (1s)",
    )
    command.add_argument("--skip-bad", action="store_true", help="go on behind a line that is no event, and count it")
    _add_span(command, "only events from then on", "only events before")


def _add_audit(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME", help="the KPI")
    _add_settings_of_the_log(command, "data", "kpis", "memory_budget", "dedup_uuids", "view_keys")
    _add_span(command, "only windows that end behind it", "only windows that start before it")
    command.add_argument(
        "--url", metavar="URL", help="ask a running gateway for the live values, not the state in the data folder"
    )
    command.add_argument("--format", dest="form", choices=("table", "json"), default="table", help="default: table")
    command.add_argument(
        "--on-time", action="store_true", help="leave out events that came when their window was closed"
    )


def _add_doctor(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", metavar="DIR", help="the data folder; it is only read unless --repair is given")
    command.add_argument(
        "--repair", action="store_true", help="make a new file of all that is good; the damaged ones are kept aside"
    )
    _add_settings_of_the_log(command, "dedup_producers", "dedup_uuids")
    command.add_argument("--format", dest="form", choices=("text", "json"), default="text", help="default: text")


def _add_quarantine(command: argparse.ArgumentParser) -> None:
    actions = ("list", "inspect", "export", "replay")
    command.add_argument("action", choices=actions, metavar="|".join(actions), help="what to do; replay sends again")
    command.add_argument("place", metavar="DIR", help="the data folder; for replay also an export")
    command.add_argument("identity", nargs="?", type=_count, metavar="ID", help="only the event of this number")
    command.add_argument("--reason", metavar="SLUG", help="only those of this reason; `schema:` is all of a schema")
    command.add_argument("--limit", type=_count, default=20, metavar="N", help="so many of the newest are listed (20)")
    command.add_argument("--url", metavar="URL", help="the gateway that takes what is replayed")
    _add_settings(command, "those of the gateway", "write_keys")


def _add_settings_of_the_log(command: argparse.ArgumentParser, *names: str) -> None:
    _add_settings(command, "those that wrote the log", *names)


def _add_settings(command: argparse.ArgumentParser, which: str, *names: str) -> None:
    command.add_argument("--config", metavar="FILE", help=f"settings, TOML: {which}")
    for name in names:
        setting = next(s for s in fields(Config) if s.name == name)
        _add_setting(command, name, setting.default, setting.metadata["why"])


def _add_span(command: argparse.ArgumentParser, start: str, end: str) -> None:
    command.add_argument("--from", dest="start", type=_moment, metavar="TIME", help=start)
    command.add_argument("--to", dest="end", type=_moment, metavar="TIME", help=end)


def _duration(text: str) -> int:
    try:
        return max(duration_ms(text), 1)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _moment(text: str) -> int:
    try:
        return time_ms(int(text) if text.lstrip("-").isdecimal() else text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is neither epoch milliseconds nor ISO-8601") from None


def _add_setting(command: argparse.ArgumentParser, name: str, default: Any, why: str) -> None:
    shown = ",".join(default) if isinstance(default, tuple) else str(default).lower()
    command.add_argument(
        f"--{name.replace('_', '-')}",
        dest=name,
        metavar="TRUE" if isinstance(default, bool) else "N" if isinstance(default, int) else "TEXT",
        help=f"{why} (default: {shown or 'none'})".replace("%", "%%"),
    )
