"""Links between the pages lead somewhere, down to the heading; commands in them exist in the Makefile."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.tree import ROOT, files, plant

_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_VERB = re.compile(r"(?:^|`)make ([a-z][a-z-]*)", re.MULTILINE)


def broken_links(root: Path) -> list[str]:
    """Relative links whose file is not there or has no such heading."""
    found = []
    for page in files(root, ".md"):
        for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
            if "://" in link:
                continue
            name, _, anchor = link.partition("#")
            target = (page.parent / name) if name else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                found.append(f"{page.relative_to(root)}: {link}")
    return found


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get: lower case, punctuation gone, spaces as hyphens."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def unknown_verbs(root: Path) -> list[str]:
    """`make` verbs that a page names and the Makefile does not have."""
    verbs = set(re.findall(r"^([a-z][a-z -]*):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    known = {verb for line in verbs for verb in line.split()}
    return [
        f"{page.relative_to(root)}: make {verb}"
        for page in files(root, ".md")
        for verb in _VERB.findall(page.read_text("utf-8"))
        if verb not in known
    ]


def test_every_link_leads_somewhere() -> None:
    """No link in a page of this tree is broken."""
    assert broken_links(ROOT) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A planted link to no file, and one to no heading, are found; code blocks and the web are left alone."""
    a = "[b](b.md#the-one-and-only) [c](c.md) [d](b.md#two) [e](https://example.com/x)\n```\n[f](f.md)\n```\n"
    plant(tmp_path, {"docs/a.md": a, "docs/b.md": "## The one, and `only`\n"})
    assert broken_links(tmp_path) == ["docs/a.md: c.md", "docs/a.md: b.md#two"]


def test_every_verb_in_a_page_is_in_the_makefile() -> None:
    """What the pages of this tree tell one to `make` can be made."""
    assert unknown_verbs(ROOT) == []


def test_an_unknown_verb_is_found(tmp_path: Path) -> None:
    """A planted verb in text or in a block is found, and the ones of the Makefile are not."""
    page = "Say `make run` or `make dance`.\n```\nmake test\nmake sing\n```\nWe make progress.\n"
    plant(tmp_path, {"README.md": page, "Makefile": "run: setup\n\ttidegate\nsetup test:\n\ttrue\n"})
    assert unknown_verbs(tmp_path) == ["README.md: make dance", "README.md: make sing"]
