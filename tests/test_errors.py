"""The error tree and the table of close codes."""

from __future__ import annotations

from gateway.errors import CLOSE_CODES, ConfigError, DataFolderLockedError, Retry, StorageError, TidegateError


def test_the_ranges_say_what_a_client_does() -> None:
    """40xx never unchanged, 41xx with backoff, 42xx at once."""
    rules = {40: Retry.NEVER, 41: Retry.BACKOFF, 42: Retry.NOW}
    for number, row in CLOSE_CODES.items():
        assert row.number == number
        if number >= 4000:
            assert row.retry is rules[number // 100]


def test_reasons_fit_a_close_frame() -> None:
    """123 bytes, and none is empty."""
    assert all(0 < len(row.reason.encode()) <= 123 for row in CLOSE_CODES.values())


def test_one_tree() -> None:
    """Everything raised on purpose can be caught as one."""
    assert issubclass(DataFolderLockedError, StorageError)
    assert issubclass(StorageError, TidegateError)
    assert isinstance(ConfigError("port", "x"), TidegateError)
