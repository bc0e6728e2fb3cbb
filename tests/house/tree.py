"""The files of a source tree as the house rules see it: what we wrote, and not what tools put beside it."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

_NOT_OURS = {"node_modules", "vendor", "dist", "build", "htmlcov", "__pycache__"}


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    """Files under `root` with one of `suffixes` (all, when none is given), sorted; hidden folders are left out."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _NOT_OURS and not name.endswith(".egg-info") and (not name.startswith(".") or name == ".ci")
        )
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                yield Path(folder, name)


def modules(root: Path, *packages: str) -> Iterator[tuple[str, Path]]:
    """(dotted name, file) of each Python module of `packages`; a package's own name stands for its `__init__`."""
    for package in packages:
        for file in files(root / package, ".py"):
            parts = list(file.relative_to(root).with_suffix("").parts)
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


class Import(NamedTuple):
    """One imported module (or name of a module) and the line that imports it."""

    target: str
    line: int


def imports(name: str, file: Path) -> Iterator[Import]:
    """What a module imports, wherever in the file; relative imports are resolved, `from a import b` is `a.b`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
                kept = package[: len(package) - node.level + 1]
                base = ".".join([*kept, base] if base else kept)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno)


def plant(root: Path, contents: Mapping[str, str]) -> Path:
    """Write files under `root`, with an `__init__.py` in each folder above a Python file; returns `root`."""
    for path, text in contents.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".py":
            for folder in file.relative_to(root).parents:
                if folder.name:
                    (root / folder / "__init__.py").touch()
        file.write_text(text, "utf-8")
    return root
