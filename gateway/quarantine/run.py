"""The command: list, inspect, export and replay the rejected events of a data folder or of an edited export."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from gateway.core.letter import Letter, from_line, letter_of, to_line
from gateway.errors import EXIT_DRAINED, ConfigError, RecordingError
from gateway.quarantine.listing import details, summary
from gateway.quarantine.sending import Account, post, send
from gateway.store import kept, read_quarantine

__all__ = ["ACTIONS", "Options", "run_quarantine"]

ACTIONS: Final = ("list", "inspect", "export", "replay")
EXIT_REJECTED: Final = 1


class Options(NamedTuple):
    """What is asked for."""

    action: str
    place: str
    """A data folder, or for `replay` also an export."""
    identity: int | None = None
    """Only this one."""
    reason: str | None = None
    """Only those of this reason, or of those that begin with it when it ends with a colon."""
    limit: int = 20
    url: str | None = None
    write_key: str = ""
    """For `url`; empty: the one that is kept in the folder."""


def run_quarantine(options: Options) -> int:
    """Do what is asked for; the exit code: 0, or 1 when a replay was not taken whole.

    Raises:
        ConfigError: the folder, the export, the gateway or the key is not there, or there is no such event.
        RecordingError: a line of the export is none.
        StorageError: the folder cannot be read, or the gateway does not take events now.
    """
    place = Path(options.place)
    if options.action == "replay":
        return _replay(place, options)
    counts, letters = _folder(place)
    chosen = _chosen(letters, options)
    if options.action == "export":
        _write(to_line(letter) for letter in chosen)
    elif options.action == "inspect":
        if options.identity is None:
            raise ConfigError("id", "say which event, by its number in the list")
        found = next(chosen, None)
        if found is None:
            raise ConfigError("id", f"no event {options.identity} is kept in {place}")
        _write(f"{line}\n".encode() for line in details(found))
    else:
        told = {reason: events for reason, events in counts.items() if _asked(reason, options)}
        _write(f"{line}\n".encode() for line in summary(told, chosen, options.limit))
    return EXIT_DRAINED


def _replay(place: Path, options: Options) -> int:
    if options.url is None:
        raise ConfigError("url", "say where the gateway is that should take them")
    key, letters = options.write_key, _export(place) if place.is_file() else _folder(place)[1]
    if not key:
        keys = kept(place) if place.is_dir() else None
        if keys is None:
            raise ConfigError("write_keys", "set it, so that the gateway takes the events")
        key = keys.write
    account = Account()
    try:
        send(_chosen(letters, options), key, post(options.url), account)
    finally:
        sys.stdout.write(f"{account.text()}\n")
    return EXIT_REJECTED if account.rejected or account.broken else EXIT_DRAINED


def _folder(place: Path) -> tuple[Mapping[str, int], Iterator[Letter]]:
    counts, rows = read_quarantine(place)
    return counts, map(letter_of, rows)


def _export(file: Path) -> Iterator[Letter]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.isspace():
                    continue
                try:
                    yield from_line(line)
                except ValueError as error:
                    raise RecordingError(f"{file}: line {number}: {error}") from None
    except OSError as error:
        raise ConfigError("place", f"{file}: {error.strerror}") from error


def _chosen(letters: Iterable[Letter], options: Options) -> Iterator[Letter]:
    wanted = options.identity
    return (each for each in letters if _asked(each.reason, options) and wanted in (None, each.identity))


def _asked(reason: str, options: Options) -> bool:
    asked = options.reason
    return asked is None or reason == asked or (asked.endswith(":") and reason.startswith(asked))


def _write(lines: Iterable[bytes]) -> None:
    try:
        for line in lines:
            sys.stdout.buffer.write(line)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
