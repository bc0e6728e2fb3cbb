"""The country of an address, from a database in MaxMind's format (MMDB)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import maxminddb

__all__ = ["Countries"]

_REMEMBERED: Final = 4_096
_PLACES: Final = (("country_code",), ("country", "iso_code"), ("registered_country", "iso_code"))
"""Where databases have the code: ip-location-db's, MaxMind's and DB-IP's."""


class Countries:
    """A database, mapped into memory: its pages are the kernel's, not ours. A look-up takes 1 to 5 us.

    Raises:
        ValueError: the file cannot be read, or is no such database.
    """

    def __init__(self, path: str) -> None:
        try:
            self._reader = maxminddb.open_database(path)
        except OSError as error:
            raise ValueError(f"cannot read {path!r}: {error.strerror or error}") from None
        except maxminddb.InvalidDatabaseError as error:
            raise ValueError(f"{path!r}: {error}") from None
        self.country = lru_cache(_REMEMBERED)(self._country)

    def _country(self, address: str) -> str | None:
        """The code of ISO 3166-1, two capitals; None for an address that has none, such as a private one."""
        try:
            record = self._reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):  # no address, or a damaged page of the file
            return None
        codes = (_at(record, place) for place in _PLACES)
        return next((code for code in codes if isinstance(code, str) and len(code) == 2), None)

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


def _at(record: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        record = record.get(name) if isinstance(record, dict) else None
    return record
