"""One process per data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import ConfigError, DataFolderLockedError
from gateway.store.lock import FolderLock
from tests.store.tracing import ROOT, child

HOLD = """
import sys
from pathlib import Path
from gateway.store.lock import FolderLock
lock = FolderLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_held_folder_names_its_holder(tmp_path: Path) -> None:
    """A second lock is refused at once with the process id of the first; a released one is free."""
    lock = FolderLock.acquire(tmp_path)
    with pytest.raises(DataFolderLockedError, match=f"in use by process {os.getpid()}$"):
        FolderLock.acquire(tmp_path)
    lock.release()
    lock.release()
    FolderLock.acquire(tmp_path).release()


def test_another_process_is_refused_until_the_holder_is_killed(tmp_path: Path) -> None:
    """A whole second server on the folder fails at once; kill -9 of the holder frees it, its lock file being there."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        second = subprocess.run(child(str(tmp_path), "1"), cwd=ROOT, capture_output=True, timeout=60, check=False)
        assert second.returncode != 0
        assert f"in use by process {holder.pid}".encode() in second.stderr
        holder.kill()
        holder.wait()
    assert (tmp_path / "lock").exists()
    FolderLock.acquire(tmp_path).release()


def test_a_lock_file_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    """A folder in which the lock file cannot be opened is not a data folder."""
    (tmp_path / "lock").mkdir()
    with pytest.raises(ConfigError, match=r"^data: cannot write in"):
        FolderLock.acquire(tmp_path)
