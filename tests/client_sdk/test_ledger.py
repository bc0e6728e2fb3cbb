"""The account balances or it does not."""

from __future__ import annotations

import pytest

from client_sdk.python.ledger import Ledger


@pytest.mark.parametrize("column", Ledger._fields[1:])
def test_every_column_counts(column: str) -> None:
    """One event sent is one event in any of the other columns; none or two are not balanced."""
    assert Ledger(**{"sent": 1, column: 1}).balanced
    assert not Ledger(**{"sent": 1, column: 2}).balanced
    assert not Ledger(sent=1).balanced
