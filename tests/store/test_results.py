"""Answers say whether the call may be repeated."""

from __future__ import annotations

import pytest

from gateway.errors import StorageError, TidegateError
from gateway.store import DiskFullError, Failed, StoreBusyError


@pytest.mark.parametrize(
    ("error", "retryable"),
    [(DiskFullError("x"), True), (StoreBusyError("x"), True), (StorageError("x"), False), (TidegateError("x"), False)],
)
def test_only_refusals_may_be_repeated(error: TidegateError, retryable: bool) -> None:
    """A refusal leaves the store alive; any other failure ends it."""
    assert Failed(error).retryable is retryable
    assert isinstance(error, StorageError) is not retryable or type(error) is TidegateError
