"""A port on which servers come and go, and which stays ours between them."""

from __future__ import annotations

import os
import socket
import sys
import weakref

__all__ = ["HeldPort"]


class HeldPort:
    """A port of 127.0.0.1, bound by a socket that does not listen: whoever connects is refused until a server does.

    Without it the kernel may give the port of a server that is just being restarted to any other process. Servers must
    set SO_REUSEADDR, as those of asyncio do. It is free when the object is gone; on systems other than Linux, where two
    sockets may not be bound to one address, at once.
    """

    def __init__(self) -> None:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
            self.number: int = one.getsockname()[1]
            if sys.platform == "linux":
                weakref.finalize(self, os.close, one.detach())
