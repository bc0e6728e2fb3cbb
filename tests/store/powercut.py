"""A disk that forgets what was not flushed: what a power cut may leave of the files a traced process wrote.

The page cache is modelled as it is. Each file has what is durable, and the changes since its last flush. At a cut, each
4 KiB page of it that changed holds any one of its states since then, independent of all other pages, possibly torn at
a 512-byte sector between two of them; so later writes may be there without earlier ones. Its length is any it had.
A name made, moved or removed counts only once its folder was flushed; of the changes since, a prefix survives.
The model gives SQLite no favours: a flush of a file does not keep its name.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

from tests.store.tracing import Call

PAGE = 4_096
SECTOR = 512


class Write(NamedTuple):
    """Bytes put at an offset."""

    offset: int
    content: bytes


class Truncate(NamedTuple):
    """A length set."""

    size: int


class Inode:
    """A file apart from its name: `now` as the process sees it, `durable` as flushed, `changes` in between."""

    def __init__(self) -> None:
        self.now = bytearray()
        self.durable = b""
        self.changes: list[Write | Truncate] = []

    def apply(self, change: Write | Truncate) -> None:
        """The process changes the file."""
        _apply(self.now, change)
        self.changes.append(change)

    def flush(self) -> None:
        """The process flushes it."""
        self.durable = bytes(self.now)
        self.changes.clear()

    def after_cut(self, chance: random.Random) -> bytes:
        """One of the contents that a cut at this moment may leave."""
        states = {page: [_page(self.durable, page)] for page in self._changed()}
        sizes = [len(self.durable)]
        content = bytearray(self.durable)
        for change in self.changes:
            _apply(content, change)
            sizes.append(len(content))
            for page in _pages(change, states):
                states[page].append(_page(content, page))
        result = bytearray(self.durable).ljust(max(sizes), b"\0")
        for page, versions in states.items():
            newer = chance.randrange(len(versions))
            older = chance.randrange(newer + 1)
            tear = chance.choice((PAGE, PAGE, PAGE, chance.randrange(0, PAGE, SECTOR)))
            mixed = versions[newer][:tear] + versions[older][tear:]
            result[page * PAGE : page * PAGE + PAGE] = mixed
        return bytes(result[: chance.choice(sizes)])

    def _changed(self) -> set[int]:
        pages: set[int] = set()
        for change in self.changes:
            if isinstance(change, Write):
                pages.update(range(change.offset // PAGE, (change.offset + len(change.content) - 1) // PAGE + 1))
        return pages


class Disk:
    """The files below `root`, driven by the calls of the process that writes them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # Name -> file, as the process sees it; as flushed; and the changes since, in order.
        self._now: dict[Path, Inode] = {}
        self._durable: dict[Path, Inode] = {}
        self._names: list[tuple[Path, Inode | None]] = []
        self.flushes = 0

    def step(self, call: Call) -> None:
        """Take one call; those that concern other files are passed over."""
        if call.result < 0:
            return
        match call.name:
            case "openat" | "creat":
                path = Path(call.texts()[-1].decode())
                if self._ours(path) and path not in self._now and "O_CREAT" in call.arguments:
                    self._name(path, Inode())
                elif "O_TRUNC" in call.arguments and path in self._now:
                    self._now[path].apply(Truncate(0))
            case "write" | "pwrite64" | "ftruncate" | "fsync" | "fdatasync":
                self._through_descriptor(call)
            case "rename" | "unlink" | "mkdir":
                self._by_name(call)
            case _:
                assert str(self._root).encode().hex() not in call.arguments.replace("\\x", ""), f"unknown: {call.name}"

    def after_cut(self, chance: random.Random, folder: Path) -> None:
        """Write into `folder` one of the states that a cut at this moment may leave."""
        names = dict(self._durable)
        for path, inode in self._names[: chance.randint(0, len(self._names))]:
            _rename(names, path, inode)
        self._write_out(folder, {path: inode.after_cut(chance) for path, inode in names.items()})

    def as_seen(self) -> dict[Path, bytes]:
        """The files as the process sees them: to compare with the real ones, which proves that no call was missed."""
        return {path: bytes(inode.now) for path, inode in self._now.items()}

    def _write_out(self, folder: Path, files: dict[Path, bytes]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            (folder / path.relative_to(self._root)).write_bytes(content)

    def _ours(self, path: Path) -> bool:
        # The -shm file is shared memory: SQLite builds it anew after a power cut.
        return path.is_relative_to(self._root) and not path.name.endswith("-shm")

    def _through_descriptor(self, call: Call) -> None:
        path = call.path()
        if path == self._root and call.name in ("fsync", "fdatasync"):
            self._durable = dict(self._now)
            self._names.clear()
            return
        inode = self._now.get(path)
        if inode is None:
            return
        if call.name in ("fsync", "fdatasync"):
            self.flushes += 1
            inode.flush()
        elif call.name == "ftruncate":
            inode.apply(Truncate(call.numbers()[-1]))
        else:
            assert call.name == "pwrite64" or not inode.now, "a write that is neither placed nor the first"
            content = call.texts()[-1][: call.result]
            inode.apply(Write(call.numbers()[-1] if call.name == "pwrite64" else 0, content))

    def _by_name(self, call: Call) -> None:
        paths = [Path(text.decode()) for text in call.texts()]
        if call.name == "mkdir" or not self._ours(paths[0]) or paths[0] not in self._now:
            return
        if call.name == "rename":
            self._name(paths[1], self._now[paths[0]])
        self._name(paths[0], None)

    def _name(self, path: Path, inode: Inode | None) -> None:
        _rename(self._now, path, inode)
        self._names.append((path, inode))


def _rename(names: dict[Path, Inode], path: Path, inode: Inode | None) -> None:
    if inode is None:
        names.pop(path, None)
    else:
        names[path] = inode


def _apply(content: bytearray, change: Write | Truncate) -> None:
    if isinstance(change, Truncate):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    end = change.offset + len(change.content)
    content.extend(bytes(max(0, end - len(content))))
    content[change.offset : end] = change.content


def _page(content: bytes | bytearray, page: int) -> bytes:
    return bytes(content[page * PAGE : page * PAGE + PAGE]).ljust(PAGE, b"\0")


def _pages(change: Write | Truncate, known: dict[int, list[bytes]]) -> list[int]:
    """The pages that `change` touches, of those that are `known` to be written at all."""
    if isinstance(change, Truncate):
        return [page for page in known if (page + 1) * PAGE > change.size]
    return list(range(change.offset // PAGE, (change.offset + len(change.content) - 1) // PAGE + 1))
