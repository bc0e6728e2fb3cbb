"""Users whose level in a funnel has become another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analytics.arrays import Ints

__all__ = ["Moved"]


class Moved(NamedTuple):
    """Groups, each a user in a pane and key, with the level before and now."""

    groups: Ints
    before: Ints
    now: Ints

    @classmethod
    def none(cls) -> Moved:
        """Nobody."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing)

    @classmethod
    def joined(cls, parts: Sequence[Moved]) -> Moved:
        """All of them, one after the other; there is at least one part."""
        return parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(*parts, strict=True)))
