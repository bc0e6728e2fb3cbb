"""The place is reserved before the start and opened at its end; who is to blame when it cannot be had."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path

import pytest

from gateway.errors import ConfigError, DataFolderLockedError
from gateway.main import Server
from gateway.server.listening import Listening, refusal
from tests.server.serving import on_loop, serving


class Silent(asyncio.Protocol):
    """Takes connections and does nothing with them."""


def test_nobody_is_taken_in_before_it_opens() -> None:
    """Bound, the port is known and connections are refused; opened, they are taken; closed, refused again."""

    async def reach(port: int) -> None:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    async def run() -> None:
        place = await Listening.bind(Silent, "127.0.0.1", 0, None)
        with pytest.raises(ConnectionRefusedError):
            await reach(place.port)
        await place.open()
        await reach(place.port)
        place.close()
        with pytest.raises(ConnectionRefusedError):
            await reach(place.port)

    on_loop(run)


def test_two_that_are_bound_at_once_do_not_both_open() -> None:
    """The kernel lets two bind that do not listen yet; the slower one is told that the port is taken."""

    async def run() -> None:
        first = await Listening.bind(Silent, "127.0.0.1", 0, None)
        second = await Listening.bind(Silent, "127.0.0.1", first.port, None)
        try:
            await first.open()
            with pytest.raises(ConfigError, match=r"^port: "):
                await second.open()
        finally:
            second.close()
            first.close()

    on_loop(run)


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "host"),
        (UnicodeError("label empty or too long"), "host"),
        (OSError(errno.EADDRNOTAVAIL, ""), "host"),
        (OSError(errno.EAFNOSUPPORT, ""), "host"),
        (OSError(errno.EADDRINUSE, ""), "port"),
        (OSError(errno.EACCES, ""), "port"),
    ],
)
def test_the_setting_at_fault_is_blamed(error: OSError | UnicodeError, setting: str) -> None:
    """A name that is none or that is elsewhere is the host's fault, all else the port's."""
    assert refusal(error, "shop.example", 80).setting == setting
    assert "shop.example" in str(refusal(error, "shop.example", 80))


def test_a_start_that_fails_later_frees_the_port(tmp_path: Path) -> None:
    """The data folder is in use: the port that was bound can be had at once."""

    async def run() -> None:
        async with serving(tmp_path) as server:
            second = Server(server.config)
            with pytest.raises(DataFolderLockedError):
                await second.start()
            port = second._listening.port
            place = await Listening.bind(Silent, "127.0.0.1", port, None)
            await place.open()
            place.close()

    on_loop(run)
