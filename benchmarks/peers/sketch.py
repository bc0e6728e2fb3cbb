"""The R3 peers' quantiles: a dictionary of DDSketch bins (relative error 1 %), as one would write it by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping

__all__ = ["LOG_GAMMA", "ZERO", "quantile"]

LOG_GAMMA = math.log(1.01 / 0.99)
# The bin of zero, below that of any other number; there are no negative ones.
ZERO = -(1 << 20)


def quantile(bins: Mapping[int, int], share: float) -> float | None:
    """What the bin of rank floor(share * (n - 1)) answers; None of nothing. A number x > 0 is in ceil(log_gamma(x)).

    >>> round(quantile({math.ceil(math.log(250) / LOG_GAMMA): 3}, 0.5), 1)
    250.2
    """
    rank = math.floor(share * (sum(bins.values()) - 1))
    for number in sorted(bins):
        rank -= bins[number]
        if rank < 0:
            return 0.0 if number == ZERO else 2 * math.exp(number * LOG_GAMMA) / (math.exp(LOG_GAMMA) + 1)
    return None
