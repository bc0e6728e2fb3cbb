"""What a user can touch, read off the source: routes, metrics, messages, error codes. And what a page says of it."""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.house.tree import files, imports, modules

_ROUTE = re.compile(r"/(?:(?:[\w.-]|\{[^{}]+\})+(?:/(?:[\w.-]|\{[^{}]+\})*)*)?")
_PATTERN = re.compile(r":[^{}]+(?=\})")
_METRIC = re.compile(r"tidegate_[a-z0-9_]+")


def routes(root: Path) -> set[str]:
    """Paths that the server answers: texts that are one, in the modules that speak aiohttp or shake hands.

    The pattern of a variable part is left out: `/sdk/{path:.+}` is `/sdk/{path}`.
    """
    found = set()
    for name, file in modules(root, "gateway/server"):
        speaks = any(target.split(".")[0] == "aiohttp" for target, _ in imports(name, file))
        if speaks or file.stem == "handshake":
            found |= {_PATTERN.sub("", text) for text in _texts(file) if _ROUTE.fullmatch(text)}
    return found


def metrics(root: Path) -> set[str]:
    """Names of metrics, as the source says them: without the endings that the text format adds."""
    return {text for _, file in modules(root, "gateway") for text in _texts(file) if _METRIC.fullmatch(text)}


def error_codes(root: Path) -> set[str]:
    """Slugs that an `error` message may carry: first arguments of `ProtocolError`."""
    found = set()
    for _, file in modules(root, "gateway"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="ProtocolError"), args=[slug, *_]):
                    found |= {part.value for part in ast.walk(slug) if isinstance(part, ast.Constant)}
    return {str(slug) for slug in found}


def messages(root: Path) -> list[dict[str, Any]]:
    """The golden messages, both ways."""
    golden = files(root / "tests" / "vectors", "client.json", "server.json")
    return [vector["message"] for file in golden for vector in json.loads(file.read_text("utf-8"))]


def commands(parser: argparse.ArgumentParser) -> dict[str, set[str]]:
    """Command -> its flags and arguments, as `argparse` knows them."""
    found: dict[str, set[str]] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                found[name] = {word for own in command._actions for word in own.option_strings or [own.dest]}
    return found


def _texts(file: Path) -> Iterator[str]:
    """Text constants of a module, docstrings left out."""
    tree = ast.parse(file.read_text("utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


class Page:
    """A page of the documentation."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def of(cls, root: Path, name: str) -> Page:
        """The page `docs/NAME.md`."""
        return cls((root / "docs" / f"{name}.md").read_text("utf-8"))

    @property
    def tokens(self) -> set[str]:
        """Everything that stands in backticks."""
        return set(re.findall(r"`([^`\n]+)`", self.text))

    @property
    def headings(self) -> set[str]:
        """Headings that are one token in backticks."""
        return set(re.findall(r"^#+ `([^`\n]+)`$", self.text, re.MULTILINE))

    def rows(self, heading: str = "") -> list[list[str]]:
        """Cells of the tables under a heading (or of all tables); head and rule are left out."""
        text = self.text
        if heading:
            _, _, text = text.partition(f"# {heading}\n")
            text = re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0]
        lines = text.splitlines()
        return [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            for number, line in enumerate(lines)
            if line.startswith("|")
            and not line.startswith("|---")
            and not (number + 1 < len(lines) and lines[number + 1].startswith("|---"))
        ]

    def first_tokens(self, heading: str = "") -> set[str]:
        """The tokens in the first cells of those tables."""
        return {token for row in self.rows(heading) for token in re.findall(r"`([^`]+)`", row[0])}

    def json_blocks(self) -> list[Any]:
        """The fenced blocks that are marked as JSON, parsed."""
        return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", self.text, re.MULTILINE | re.DOTALL)]
