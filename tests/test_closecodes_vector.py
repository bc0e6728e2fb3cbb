"""The table of close codes that other languages read is the gateway's own."""

import json
from pathlib import Path

from gateway.errors import CLOSE_CODES


def test_vector_equals_the_table() -> None:
    """`vectors/closecodes.json` holds every row of `CLOSE_CODES`, in order, and nothing else."""
    rows = json.loads((Path(__file__).parent / "vectors" / "closecodes.json").read_text("utf-8"))
    assert rows == [
        {"number": code.number, "reason": code.reason, "retry": code.retry.value} for code in CLOSE_CODES.values()
    ]
