"""Every reason of a verdict has a hint for whoever sends such events."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gateway.core.hints import HINTS, hint
from gateway.wire.shape import Event
from tests.house.surface import Page
from tests.house.tree import ROOT, modules, plant

_VERDICTS = {"EventVerdict", "Finding", "Verdict"}
_OUTCOMES = {"accepted", "drop", "warn", "duplicate"}
_SLUG = re.compile(r"[a-z_]+(:[a-z_]*)?")


def reasons(root: Path) -> set[str]:
    """Reasons that the source gives events: texts beside an outcome in a verdict or a returned tuple, warnings set."""
    found = set()
    for room in ("gateway", "analytics"):
        for _, file in modules(root, room):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id=name), args=args) if name in _VERDICTS:
                        found |= _texts(args)
                    case ast.Tuple(elts=parts) if _texts(parts) & _OUTCOMES:
                        found |= _texts(parts)
                    case ast.Assign(targets=[ast.Name(id="warning")], value=value):
                        found |= _texts([value])
                    case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(reason)), ast.Constant(value="")])):
                        found.add(reason)
    return {text for text in found - _OUTCOMES if _SLUG.fullmatch(text)}


def _texts(nodes: list[ast.expr]) -> set[str]:
    return {
        n.value for node in nodes for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


def test_every_reason_of_the_source_has_a_hint() -> None:
    """No verdict leaves its sender without a word."""
    found = reasons(ROOT)
    assert {"bad_json", "late", "clamped", "uuid", "number_range", "nul", "too_large"} <= found
    assert sorted(reason for reason in found if reason not in HINTS and not reason.startswith("schema:")) == []


def test_every_documented_reason_has_a_hint() -> None:
    """The table of verdicts in protocol.md and this one speak of the same reasons."""
    told = {row[1].strip("`") for row in Page.of(ROOT, "protocol").rows("`ack`") if row[0].strip("`") in _OUTCOMES}
    assert told - {"schema:FIELD"} == {reason for reason in HINTS if not reason.startswith("schema:")}


def test_every_field_of_an_event_has_a_hint() -> None:
    """The schema that events are checked against is the one the hints know."""
    assert {f"schema:{name}" for name in Event.__struct_fields__} == {r for r in HINTS if r.startswith("schema:")}


def test_a_new_reason_is_missed(tmp_path: Path) -> None:
    """A planted verdict is found in each form that the source uses."""
    text = (
        'Finding(1, "drop", "new_a")\nEventVerdict(0, outcome, "new_b")\n'
        'def f():\n    return None, "drop", "new_c"\ndef g():\n    return "new_d", ""\nwarning = "new_e"\n'
    )
    plant(tmp_path, {"gateway/core/x.py": text})
    assert reasons(tmp_path) == {"new_a", "new_b", "new_c", "new_d", "new_e"}


@pytest.mark.parametrize("reason", ["schema:price", "never_heard_of"])
def test_a_reason_without_its_own_hint_still_has_one(reason: str) -> None:
    """A field of a later schema, a reason of a later version: a sentence all the same."""
    assert len(hint(reason)) > 30
