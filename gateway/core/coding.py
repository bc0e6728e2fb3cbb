"""The codes of a column, of all batches of a commit group at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analytics.arrays import Ints
from gateway.wire.columns import Columns

__all__ = ["codes_of"]


def codes_of(batches: Sequence[Columns], at: int) -> Ints:
    """The codes of the column at this place, of all events in order; not to be written to. Some ns a batch's event."""
    parts: list[Any] = [batch.values[at] for batch in batches]
    return np.frombuffer(b"".join(parts), np.int64)
