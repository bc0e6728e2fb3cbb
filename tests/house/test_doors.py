"""A package has one door: `__all__` of its `__init__`, sorted, complete, and every name really there."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.house.tree import ROOT, modules, plant

PACKAGES = ("gateway", "analytics", "client_sdk")


def crooked_doors(root: Path, *packages: str) -> list[str]:
    """Lists of public names that are unsorted, doubled, or name what the module does not bind."""
    found = []
    for name, file in modules(root, *packages):
        tree = ast.parse(file.read_text("utf-8"))
        bound = names_bound(tree.body)
        if file.name == "__init__.py":
            # Names that are loaded at their first use; `locked_doors` sees whether they come.
            bound |= names_known(tree)
        door = public_names(tree)
        if door is None:
            if file.name == "__init__.py" and bound:
                found.append(f"{name} binds {', '.join(sorted(bound))} and has no __all__")
            continue
        if door != sorted(set(door), key=order):
            found.append(f"{name}: __all__ is not sorted, or names one thing twice")
        found += [f"{name}: __all__ names {missing}, which is not there" for missing in door if missing not in bound]
        if file.name == "__init__.py":
            # What the module itself needs, such as the parts of a registry, is not there for others.
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
            hidden = sorted(bound - used - set(door))
            found += [f"{name}: {name_} is public but not in __all__" for name_ in hidden]
    return found


def locked_doors(*packages: str) -> list[str]:
    """Names in an `__all__` that an import does not bring."""
    found = []
    for package in packages:
        module = importlib.import_module(package)
        found += [f"{package}.{name}" for name in getattr(module, "__all__", ()) if not hasattr(module, name)]
    return found


def public_names(tree: ast.Module) -> list[str] | None:
    """The literal value of `__all__`, or None when there is none."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return [str(name) for name in ast.literal_eval(value)]
    return None


def names_known(tree: ast.Module) -> set[str]:
    """Public names that the top level of a module has for type checkers alone."""
    known: set[str] = set()
    for node in tree.body:
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body):
                known |= names_bound(body)
    return known


def names_bound(body: Sequence[ast.stmt]) -> set[str]:
    """Public names that statements bind by import, definition or assignment."""
    bound: set[str] = set()
    for node in body:
        match node:
            case ast.ImportFrom(module="__future__"):
                continue
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                bound |= {alias.asname or alias.name.split(".")[0] for alias in aliases}
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.Assign(targets=targets):
                bound |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                bound.add(name)
    return {name for name in bound if not name.startswith("_")}


def order(name: str) -> tuple[int, str]:
    """The order that ruff gives to `__all__`: constants, then classes, then the rest."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


def test_every_door_is_sorted_and_complete() -> None:
    """Each `__all__` of this tree is in order, and each package's names all of what its `__init__` binds."""
    assert crooked_doors(ROOT, *PACKAGES) == []


def test_every_door_opens() -> None:
    """Each name in the `__all__` of a package can be imported from it."""
    packages = [name for name, file in modules(ROOT, *PACKAGES) if file.name == "__init__.py"]
    assert locked_doors(*packages) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('from room.a import A, B\n__all__ = ["B", "A"]', "not sorted"),
        ('from room.a import A\n__all__ = ["A", "A"]', "twice"),
        ('from room.a import A, B\n__all__ = ["A"]', "B is public"),
        ('from room.a import A\n__all__ = ["A", "C"]', "names C"),
        ("from room.a import A", "has no __all__"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from room.a import A\n__all__ = []", "A is public"),
    ],
)
def test_a_crooked_door_is_found(tmp_path: Path, text: str, complaint: str) -> None:
    """One planted fault in a package's door is one violation."""
    (found,) = crooked_doors(plant(tmp_path, {"room/a.py": "", "room/__init__.py": text}), "room")
    assert complaint in found


def test_what_a_door_uses_itself_is_not_public(tmp_path: Path) -> None:
    """A registry imports its parts without handing them on."""
    text = 'from typing import Final\nfrom room.a import A\nPARTS: Final = {"a": A}\n__all__ = ["PARTS"]'
    assert crooked_doors(plant(tmp_path, {"room/a.py": "", "room/__init__.py": text}), "room") == []


def test_a_locked_door_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is bound under a condition that never holds is found by importing."""
    text = 'if False:\n    Late = 1\n__all__ = ["Late"]'
    plant(tmp_path, {"house_planted_room/a.py": "", "house_planted_room/__init__.py": text})
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        assert locked_doors("house_planted_room") == ["house_planted_room.Late"]
    finally:
        sys.modules.pop("house_planted_room", None)
