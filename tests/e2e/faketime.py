"""A wall clock that a test can set, under a process of its own: libfaketime, with the monotonic clock left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["WallClock"]

PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


class WallClock:
    """A file in which the process reads by how much its clock is wrong, once a second."""

    def __init__(self, file: Path) -> None:
        self._file = file
        found = [path for place in PLACES for path in Path("/").glob(place.lstrip("/"))]
        if not found:
            pytest.fail("this test needs libfaketime (apt-get install faketime)")
        self._library = found[0]
        self.set(0)

    def set(self, seconds: int) -> None:
        """The clock jumps to so many seconds from the true time."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{seconds:+d}\n", "ascii")
        draft.replace(self._file)

    @property
    def env(self) -> dict[str, str]:
        """For the process."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
