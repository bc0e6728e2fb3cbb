"""The system calls of a child process, by strace: watched, to rebuild its disk, or answered with a fault."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

WATCHED = (
    "openat,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,"
    "sync_file_range,msync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir"
)
"""Every call that can change a file or make a change last. One that the disk model does not know fails the test."""

LONGEST = 1 << 22


class Call(NamedTuple):
    """One finished system call: its name, its arguments as strace prints them, and what it returned."""

    name: str
    arguments: str
    result: int

    def texts(self) -> list[bytes]:
        """The quoted arguments, decoded: paths and written bytes."""
        assert '"...' not in self.arguments, "strace cut an argument short"
        return [_plain(text) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', self.arguments)]

    def path(self) -> Path:
        """Where the descriptor that is the first argument leads."""
        found = re.match(r"\d+<((?:\\x[0-9a-f]{2})*)", self.arguments)
        assert found is not None, self.arguments[:80]
        return Path(_plain(found[1]).decode())

    def numbers(self) -> list[int]:
        """The plain numbers behind the last quoted or descriptor argument."""
        tail = re.split(r'[">]', self.arguments)[-1]
        return [int(number) for number in re.findall(r"(?<![\w])\d+(?![\w])", tail)]


def child(*arguments: str) -> list[str]:
    """The command that runs `tests.store.child`."""
    return [sys.executable, "-m", "tests.store.child", *arguments]


def run(
    command: Sequence[str], *options: str, log: Path | None = None, timeout: float = 90
) -> subprocess.CompletedProcess[bytes]:
    """Run `command` under strace with `options`, all threads followed. Fails the test where there is no strace."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.fail("these tests need strace (apt-get install strace)")
    where = str(log) if log is not None else os.devnull
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV_", "PYTEST_"))}
    return subprocess.run(
        [strace, "-f", "-qq", "-o", where, *options, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=timeout,
        check=False,
    )


def watch(command: Sequence[str], log: Path) -> list[Call]:
    """Run `command` to its end and return its calls in the order in which they ended."""
    done = run(command, "-y", "-xx", "-s", str(LONGEST), "-e", f"trace={WATCHED}", log=log)
    assert done.returncode == 0, done.stderr.decode()
    with log.open("r", encoding="ascii") as lines:
        return list(_calls(lines))


def _calls(lines: Iterator[str]) -> Iterator[Call]:
    halves: dict[str, str] = {}
    for line in lines:
        process, _, text = line.rstrip("\n").partition(" ")
        text = text.lstrip()
        if text.endswith("<unfinished ...>"):
            halves[process] = text.removesuffix("<unfinished ...>")
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>", text)
        if resumed:
            text = halves.pop(process) + text[resumed.end() :]
        whole = re.match(r"(\w+)\((.*)\)\s+= (-?\d+)", text)
        if whole:
            yield Call(whole[1], whole[2], int(whole[3]))


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
