"""A real nginx in front of a gateway, with the site of deploy/ as it is but for ports and certificates."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

import pytest
import trustme

from tests.e2e.gateway_process import DEADLINE_S, answer_to
from tests.e2e.heldport import HeldPort
from tests.e2e.patience import eventually
from tests.house.tree import ROOT

__all__ = ["NginxProcess"]

_MAIN = """\
{user}daemon off;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class NginxProcess:
    """Use it as a context once it knows by `stand_before` where the gateway is; that one need not run yet.

    Args:
        folder: for its files; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = HeldPort()
        self._authority = trustme.CA()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        issued = self._authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(folder / "key.pem")
        for part in issued.cert_chain_pems:
            part.write_to_path(folder / "chain.pem", append=True)
        user = "user root;\n" if os.geteuid() == 0 else ""  # its workers must read this folder, which is ours alone
        (folder / "nginx.conf").write_text(_MAIN.format(user=user, folder=folder))

    def stand_before(self, port: int) -> None:
        """Pass all on to the gateway on this port of 127.0.0.1, from the next start or reload on."""
        site = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
        own = {
            "listen 443 ssl;": f"listen 127.0.0.1:{self._held.number} ssl;",
            "server 127.0.0.1:8080;": f"server 127.0.0.1:{port};",
            "/etc/ssl/tidegate.example/fullchain.pem": f"{self._folder}/chain.pem",
            "/etc/ssl/tidegate.example/privkey.pem": f"{self._folder}/key.pem",
        }
        for theirs, ours in own.items():
            assert site.count(theirs) == 1, theirs
            site = site.replace(theirs, ours)
        (self._folder / "site.conf").write_text(site)

    @property
    def url(self) -> str:
        """Its origin, over TLS."""
        return f"https://127.0.0.1:{self._held.number}"

    @property
    def tls(self) -> ssl.SSLContext:
        """For clients that trust its certificate."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context

    def start(self) -> None:
        """Start, and wait until it answers.

        Raises:
            AssertionError: what it said instead.
        """
        program = shutil.which("nginx")
        if program is None:
            pytest.fail("this test needs nginx (apt-get install nginx)")
        log = str(self._folder / "error.log")
        command = [program, "-p", str(self._folder), "-c", str(self._folder / "nginx.conf"), "-e", log]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        eventually(self._stands, bool)

    def _stands(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "error.log").read_text()
        try:
            self.get("/healthz")
        except urllib.error.URLError:
            return False
        return True

    def reload(self) -> None:
        """SIGHUP: new workers take new connections, the old ones keep theirs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """SIGTERM: all connections are cut at once."""
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(DEADLINE_S) == 0
        self._process = None

    def get(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Status and body of a GET, or of a POST of `body`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return answer_to(urllib.request.Request(self.url + path, body, named), self.tls)

    def __enter__(self) -> NginxProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.stop()
