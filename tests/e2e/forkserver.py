"""Gateways without their imports: a process that has loaded the program forks another one for each start.

Imports are nearly all that a start takes, 0.6 s of CPU, and the tests start hundreds. What comes of it is what
`python -m gateway ARGUMENTS` would be, with an id, files, signals and an end of its own; held by
tests/e2e/test_gateway_process.py. It differs in one thing: the seed of its hashes is its server's. So those who start a
gateway again and again take turns with two servers.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

__all__ = ["ForkServer", "Forked"]

MOST = 1 << 20
"""Bytes of a request: arguments and environment."""


class Forked:
    """A process that a server has forked: of `subprocess.Popen` what tests use. Its id is its own until `wait`."""

    def __init__(self, pid: int, stdout: IO[bytes], channel: socket.socket) -> None:
        self.pid = pid
        self.stdout = stdout
        self._channel = channel
        self._asked = False

    def wait(self, timeout: float) -> int:
        """Its exit code, or the signal that ended it as a negative one.

        Raises:
            TimeoutError: it lives on.
        """
        if not self._asked:
            self._channel.send(b"?")
            self._asked = True
        self._channel.settimeout(timeout)
        code = int(self._channel.recv(16))
        self._channel.close()
        return code


class ForkServer:
    """One process, started at the first use; it ends with the process that uses it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._control: socket.socket | None = None

    def start(self, arguments: Sequence[str], env: Mapping[str, str], stderr: IO[bytes]) -> Forked:
        """`python -m gateway ARGUMENTS` in this folder, its stdout a pipe."""
        control = self._control = self._control or self._open()
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        out, end = os.pipe()
        try:
            request = json.dumps([os.getcwd(), list(arguments), dict(env)]).encode()
            socket.send_fds(control, [request], [theirs.fileno(), end, stderr.fileno()])
        finally:
            theirs.close()
            os.close(end)
        stdout = os.fdopen(out, "rb")
        pid = ours.recv(16)
        assert pid, "the fork server has ended"
        return Forked(int(pid), stdout, ours)

    def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.forkserver", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # One thread for vectors: a process is forked as a whole when it has no other than this one.
                env={**self._env, "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
            )

        def end() -> None:
            ours.close()
            process.wait()

        atexit.register(end)
        return ours


def _reap(*_: object) -> None:
    """Wait for processes that have ended: what they used is counted with what the tests used."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _serve(control: socket.socket) -> list[str] | None:
    """Fork for each request; returns in each gateway, with its arguments. None: nobody asks anymore."""
    while True:
        request, files, _, _ = socket.recv_fds(control, MOST, 3)
        if not request:
            return None
        if os.fork() == 0:
            os.close(control.detach())
            return _attend(json.loads(request), *files)
        for file in files:
            os.close(file)


def _attend(request: tuple[str, list[str], dict[str, str]], channel: int, stdout: int, stderr: int) -> list[str]:
    """Stand between: a process is waited for by its parent alone, which the server is too busy to be."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        return _begin(*request, stdout, stderr)
    os.close(stdout)
    os.close(stderr)
    with socket.socket(fileno=channel) as asks:
        asks.send(str(pid).encode())
        if not asks.recv(1):
            # Who had it started is gone.
            os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        asks.send(str(code).encode())
    os._exit(0)


def _begin(folder: str, arguments: list[str], env: dict[str, str], stdout: int, stderr: int) -> list[str]:
    """Take the place of a process that has just been executed."""
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    return arguments


def main(argument: str) -> int:
    """The server, and in time each gateway."""
    from gateway import cli, main

    del main
    gc.collect()
    # What is never looked at stays shared.
    gc.freeze()
    # A Ctrl-C is for the tests, which end what they started.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, _reap)
    arguments = _serve(socket.socket(fileno=int(argument)))
    return 0 if arguments is None else cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
