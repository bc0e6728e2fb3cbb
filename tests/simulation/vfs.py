"""The SQLite of the `sqlite3` module, the one that the product runs on, made to use a disk of ours.

SQLite reaches its disk through a table of functions (a VFS). Here it is filled with functions of Python, by ctypes, in
the very library that `sqlite3` is bound to. Its documentation: https://sqlite.org/vfs.html, https://sqlite.org/c3ref/io_methods.html.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref, c_char_p, c_int, c_void_p, cast, memmove, string_at
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.simulation.disk import CrashError, Disk, File, RefusedError
from tests.simulation.layout import METHODS, Access, Delete, FullPath, Handle, Methods, Open, Vfs

__all__ = ["NoLibraryError", "mounted"]

_OK, _BUSY, _IOERR, _NOTFOUND, _CANTOPEN = 0, 5, 10, 12, 14
_SHORT_READ: Final = 522
_CODES: Final = {"read_eio": 266, "write_eio": 778, "write_full": 13, "sync_eio": 1034, "stopped": _IOERR}
_OPEN_CREATE: Final = 4
_SAFE_OVERWRITE: Final = 0x1000
"""What the real one says: bytes beside those that are written do not change."""
_SHARED, _RESERVED, _EXCLUSIVE = 1, 2, 4
_SHM_UNLOCK, _SHM_SHARED = 1, 4
_NAME: Final = b"tidegate-simulation"


class NoLibraryError(Exception):
    """This Python keeps its SQLite to itself."""


class _Opened:
    """An open file: which, with what it shares with the others that have it open."""

    __slots__ = ("file", "level", "path", "shared")

    def __init__(self, path: str, file: File, shared: _Shared) -> None:
        self.path, self.file, self.shared, self.level = path, file, shared, 0


class _Shared:
    """Locks and shared memory of one path, among the connections of one life of the process."""

    def __init__(self) -> None:
        self.dead = False
        self.opened: set[_Opened] = set()
        self.regions: list[Any] = []
        self.slots: list[dict[_Opened, bool]] = [{} for _ in range(8)]  # who holds it, and whether alone


class _Mount:
    """The functions that SQLite calls. The disk behind them is changed from run to run; they are made once."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.disk: Disk | None = None
        self._handles: dict[int, _Opened] = {}
        self._shared: dict[str, _Shared] = {}
        self._next = 1
        real = library.sqlite3_vfs_find(None)
        table = Vfs.from_address(real)
        self._methods = Methods(2, *(kind(getattr(self, f"_{name}")) for name, kind in METHODS))
        self._table = Vfs(
            2,
            ctypes.sizeof(Handle),
            table.longest_path,
            None,
            _NAME,
            None,
            Open(self._open),
            Delete(self._delete),
            Access(self._access),
            FullPath(self._full_path),
            *(getattr(table, name) for name in ("dl_open", "dl_error", "dl_symbol", "dl_close")),
            *(getattr(table, name) for name in ("randomness", "sleep", "time", "last_error", "time_ms")),
        )
        self._real = real

    @contextmanager
    def on(self, disk: Disk) -> Iterator[None]:
        """All files that SQLite opens meanwhile are on `disk`."""
        self.disk = disk
        self.forget()
        assert self._library.sqlite3_vfs_register(byref(self._table), 1) == _OK
        try:
            yield
        finally:
            self.forget()
            self._library.sqlite3_vfs_register(self._real, 1)
            self._library.sqlite3_vfs_unregister(byref(self._table))

    def forget(self) -> None:
        """The process is gone, its locks with it; what it left open can do nothing any more."""
        for shared in self._shared.values():
            shared.dead = True
        self._shared = {}

    # ---- the table ------------------------------------------------------------------------------------------------

    def _open(self, vfs: int, name: int | None, into: int, flags: int, told: Any) -> int:
        handle = Handle.from_address(into)
        handle.methods = None
        assert self.disk is not None
        assert name, "a temporary file: the store needs none"
        path = string_at(name).decode()
        if path not in self.disk.files and not flags & _OPEN_CREATE:
            return _CANTOPEN
        shared = self._shared.setdefault(path, _Shared())
        opened = _Opened(path, self.disk.open(path), shared)
        shared.opened.add(opened)
        handle.methods = ctypes.addressof(self._methods)
        handle.number = self._next
        self._handles[self._next] = opened
        self._next += 1
        if told:
            told[0] = flags
        return _OK

    def _delete(self, vfs: int, name: bytes, sync: int) -> int:
        assert self.disk is not None
        if self.disk.stopped:
            return _IOERR
        self.disk.files.pop(name.decode(), None)
        return _OK

    def _access(self, vfs: int, name: bytes, flags: int, result: Any) -> int:
        assert self.disk is not None
        file = self.disk.files.get(name.decode())
        result[0] = int(file is not None and bool(flags or file.now))
        return _OK

    def _full_path(self, vfs: int, name: bytes, size: int, into: int) -> int:
        memmove(into, name + b"\0", len(name) + 1)
        return _OK

    # ---- files ----------------------------------------------------------------------------------------------------

    def _of(self, handle: Any) -> _Opened:
        return self._handles[handle[0].number]

    def _do(self, handle: Any, operation: Callable[[Disk, File], None]) -> int:
        opened = self._of(handle)
        assert self.disk is not None
        if opened.shared.dead:
            return _IOERR
        try:
            operation(self.disk, opened.file)
        except CrashError:
            return _IOERR
        except RefusedError as refused:
            return _CODES[refused.kind]
        return _OK

    def _close(self, handle: Any) -> int:
        opened = self._handles.pop(handle[0].number)
        opened.shared.opened.discard(opened)
        return _OK

    def _read(self, handle: Any, into: int, size: int, offset: int) -> int:
        content = b""

        def read(disk: Disk, file: File) -> None:
            nonlocal content
            content = disk.read(file, offset, size)

        if code := self._do(handle, read):
            return code
        memmove(into, content, len(content))
        if len(content) < size:
            ctypes.memset(into + len(content), 0, size - len(content))
            return _SHORT_READ
        return _OK

    def _write(self, handle: Any, content: int, size: int, offset: int) -> int:
        return self._do(handle, lambda disk, file: disk.write(file, offset, string_at(content, size)))

    def _truncate(self, handle: Any, size: int) -> int:
        return self._do(handle, lambda disk, file: disk.truncate(file, size))

    def _sync(self, handle: Any, flags: int) -> int:
        return self._do(handle, lambda disk, file: disk.sync(file))

    def _file_size(self, handle: Any, result: Any) -> int:
        result[0] = len(self._of(handle).file.now)
        return _OK

    def _lock(self, handle: Any, level: int) -> int:
        mine = self._of(handle)
        if mine.shared.dead:
            return _IOERR
        others = max((each.level for each in mine.shared.opened if each is not mine), default=0)
        least = {_SHARED: _EXCLUSIVE, _RESERVED: _RESERVED}.get(level, _SHARED)
        if others >= least:
            return _BUSY
        mine.level = max(mine.level, level)
        return _OK

    def _unlock(self, handle: Any, level: int) -> int:
        mine = self._of(handle)
        mine.level = min(mine.level, level)
        return _OK

    def _check_reserved(self, handle: Any, result: Any) -> int:
        result[0] = int(any(each.level >= _RESERVED for each in self._of(handle).shared.opened))
        return _OK

    def _control(self, handle: Any, operation: int, argument: int) -> int:
        return _NOTFOUND

    def _sector_size(self, handle: Any) -> int:
        return 4_096

    def _characteristics(self, handle: Any) -> int:
        return _SAFE_OVERWRITE

    # ---- shared memory: the index of the write-ahead log ------------------------------------------------------------

    def _shm_map(self, handle: Any, region: int, size: int, extend: int, result: Any) -> int:
        regions = self._of(handle).shared.regions
        while len(regions) <= region:
            if not extend:
                result[0] = None
                return _OK
            regions.append(ctypes.create_string_buffer(size))
        result[0] = cast(regions[region], c_void_p).value
        return _OK

    def _shm_lock(self, handle: Any, first: int, number: int, flags: int) -> int:
        mine = self._of(handle)
        slots = mine.shared.slots[first : first + number]
        if mine.shared.dead:
            return _IOERR
        if flags & _SHM_UNLOCK:
            for slot in slots:
                slot.pop(mine, None)
            return _OK
        alone = not flags & _SHM_SHARED
        for slot in slots:
            if any(held or alone for each, held in slot.items() if each is not mine):
                return _BUSY
        for slot in slots:
            slot[mine] = alone
        return _OK

    def _shm_barrier(self, handle: Any) -> None:
        pass

    def _shm_unmap(self, handle: Any, delete: int) -> int:
        mine = self._of(handle)
        for slot in mine.shared.slots:
            slot.pop(mine, None)
        if len(mine.shared.opened) == 1:
            mine.shared.regions.clear()
        return _OK


@cache
def _mount() -> _Mount:
    for place in _places():
        try:
            library = ctypes.CDLL(place)
            library.sqlite3_libversion.restype = c_char_p
            library.sqlite3_vfs_find.restype = c_void_p
            library.sqlite3_vfs_find.argtypes = [c_char_p]
            library.sqlite3_vfs_register.argtypes = [c_void_p, c_int]
            library.sqlite3_vfs_unregister.argtypes = [c_void_p]
        except (OSError, AttributeError):
            continue
        if library.sqlite3_libversion().decode() == sqlite3.sqlite_version:
            mount = _Mount(library)
            if _is_used(mount):
                return mount
    raise NoLibraryError(f"SQLite {sqlite3.sqlite_version} is hidden in this Python")


def _places() -> Iterator[str | None]:
    """Where the library of the `sqlite3` module may be: its own, the module itself, the interpreter."""
    maps = Path("/proc/self/maps")
    if maps.exists():
        yield from {line.split()[-1] for line in maps.read_text().splitlines() if "libsqlite3" in line}
    yield getattr(_sqlite3, "__file__", None)
    yield None


def _is_used(mount: _Mount) -> bool:
    import random

    from tests.simulation.disk import Faults

    disk = Disk(random.Random(0), Faults())
    with mount.on(disk):
        connection = sqlite3.connect("/simulated/probe.db")
        connection.execute("CREATE TABLE t (x)")
        connection.close()
    return "/simulated/probe.db" in disk.files


@contextmanager
def mounted(disk: Disk) -> Iterator[Callable[[], None]]:
    """All files that SQLite opens meanwhile are on `disk`. Gives what is to be called when the process dies.

    Raises:
        NoLibraryError: it cannot be done with this Python.
    """
    mount = _mount()
    with mount.on(disk):
        yield mount.forget
