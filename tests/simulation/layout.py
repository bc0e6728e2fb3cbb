"""SQLite's tables of functions as they lie in memory: `sqlite3_vfs`, `sqlite3_file` and `sqlite3_io_methods`."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from typing import Final

__all__ = ["METHODS", "Access", "Delete", "FullPath", "Handle", "Methods", "Open", "Vfs"]


class Vfs(ctypes.Structure):
    pass


Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
Access = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int, POINTER(c_int))
FullPath = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int, c_void_p)
Vfs._fields_ = [
    ("version", c_int),
    ("file_size", c_int),
    ("longest_path", c_int),
    ("following", c_void_p),
    ("name", c_char_p),
    ("data", c_void_p),
    ("open", Open),
    ("delete", Delete),
    ("access", Access),
    ("full_path", FullPath),
    *((name, c_void_p) for name in ("dl_open", "dl_error", "dl_symbol", "dl_close")),
    *((name, c_void_p) for name in ("randomness", "sleep", "time", "last_error", "time_ms")),
]


class Handle(ctypes.Structure):
    _fields_ = [("methods", c_void_p), ("number", c_int64)]


METHODS: Final = (
    ("close", CFUNCTYPE(c_int, POINTER(Handle))),
    ("read", CFUNCTYPE(c_int, POINTER(Handle), c_void_p, c_int, c_int64)),
    ("write", CFUNCTYPE(c_int, POINTER(Handle), c_void_p, c_int, c_int64)),
    ("truncate", CFUNCTYPE(c_int, POINTER(Handle), c_int64)),
    ("sync", CFUNCTYPE(c_int, POINTER(Handle), c_int)),
    ("file_size", CFUNCTYPE(c_int, POINTER(Handle), POINTER(c_int64))),
    ("lock", CFUNCTYPE(c_int, POINTER(Handle), c_int)),
    ("unlock", CFUNCTYPE(c_int, POINTER(Handle), c_int)),
    ("check_reserved", CFUNCTYPE(c_int, POINTER(Handle), POINTER(c_int))),
    ("control", CFUNCTYPE(c_int, POINTER(Handle), c_int, c_void_p)),
    ("sector_size", CFUNCTYPE(c_int, POINTER(Handle))),
    ("characteristics", CFUNCTYPE(c_int, POINTER(Handle))),
    ("shm_map", CFUNCTYPE(c_int, POINTER(Handle), c_int, c_int, c_int, POINTER(c_void_p))),
    ("shm_lock", CFUNCTYPE(c_int, POINTER(Handle), c_int, c_int, c_int)),
    ("shm_barrier", CFUNCTYPE(None, POINTER(Handle))),
    ("shm_unmap", CFUNCTYPE(c_int, POINTER(Handle), c_int)),
)


class Methods(ctypes.Structure):
    _fields_ = [("version", c_int), *METHODS]
