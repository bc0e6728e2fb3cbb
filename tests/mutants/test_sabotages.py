"""The list of sabotages keeps up with the code: each still has its line, and its test is still there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.mutants.sabotage import Sabotage
from tests.mutants.sabotages import SABOTAGES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_it_can_be_tried(sabotage: Sabotage) -> None:
    """The line stands there once, what it becomes is Python, and the test has its name. `make mutants` tries it."""
    text = (ROOT / sabotage.file).read_text("utf-8")
    assert text.count(sabotage.line) == 1
    assert sabotage.wrong != sabotage.line
    ast.parse(text.replace(sabotage.line, sabotage.wrong))
    file, name = sabotage.test.split("::")
    assert re.search(rf"^def {name.split('[')[0]}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_each_has_its_own_name() -> None:
    """And there are enough of them."""
    assert len({sabotage.name for sabotage in SABOTAGES}) == len(SABOTAGES) >= 15
