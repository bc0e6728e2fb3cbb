"""The client's table of close codes is the server's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from client_sdk.python.closecodes import CLOSE_CODES, Retry, retry_rule
from gateway.errors import CLOSE_CODES as SERVER_CODES

VECTOR = Path(__file__).parents[1] / "vectors" / "closecodes.json"


def test_the_table_is_the_server_s() -> None:
    """Numbers, reasons and rules agree with the gateway's and with the vector that other languages read."""
    mine = [(row.number, row.reason, row.retry.value) for row in CLOSE_CODES.values()]
    assert mine == [(row.number, row.reason, row.retry.value) for row in SERVER_CODES.values()]
    assert mine == [(row["number"], row["reason"], row["retry"]) for row in json.loads(VECTOR.read_text("utf-8"))]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        (1000, Retry.BACKOFF),
        (1006, Retry.BACKOFF),
        (1003, Retry.NEVER),
        (4009, Retry.NEVER),
        (4055, Retry.NEVER),
        (4101, Retry.BACKOFF),
        (4155, Retry.BACKOFF),
        (4200, Retry.NOW),
        (4255, Retry.NOW),
        (4999, Retry.BACKOFF),
    ],
)
def test_unknown_numbers_follow_their_hundred(code: int, rule: Retry) -> None:
    """A code of a newer server is treated like its family."""
    assert retry_rule(code) is rule
