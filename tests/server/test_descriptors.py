"""The limit on file descriptors, in a process of its own: it cannot be raised again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway.server.descriptors import RESERVE

ASK = """
import resource, sys
from gateway.server.descriptors import sockets_allowed
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(sockets_allowed(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "expected"),
    [
        (100, 900, 500, (500, 500 + RESERVE, 900)),
        (100, 700, 500, (700 - RESERVE, 700, 700)),
        (900, 900, 500, (500, 900, 900)),
        (40, 40, 500, (20, 40, 40)),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_it_goes(
    soft: int, hard: int, wanted: int, expected: tuple[int, int, int]
) -> None:
    """And what is left of it, after the reserve, are sockets."""
    command = [sys.executable, "-c", ASK, str(soft), str(hard), str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert tuple(map(int, done.stdout.split())) == expected
