"""How many sockets the system lets the process have: asked for at the start, so that refusals are answers.

A process that is out of file descriptors can neither accept nor open a file: who connects then can only be dropped.
"""

from __future__ import annotations

import resource
from typing import Final

__all__ = ["RESERVE", "sockets_allowed"]

RESERVE: Final = 320
"""Descriptors for what is no admitted socket: 256 that are being refused, the store's files and readers, the listening
socket, files that are served."""


def sockets_allowed(wanted: int) -> int:
    """How many of `wanted` sockets the process may have open; raises its soft limit on descriptors for it if need be.

    Of a limit that leaves little beside the reserve it is half.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, max(soft - RESERVE, soft // 2))
