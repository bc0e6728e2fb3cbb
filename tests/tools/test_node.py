"""Node.js: the machine's when it is new enough, else the wheel."""

from __future__ import annotations

import pytest

from tools import node, venv
from tools.command import SetupError


@pytest.mark.parametrize(
    ("before", "installs"), [("v20.0.0", False), ("v24.1.0", False), ("v18.20.4", True), (None, True)]
)
def test_a_missing_or_old_node_is_replaced(monkeypatch: pytest.MonkeyPatch, before: str | None, installs: bool) -> None:
    """The wheel is installed exactly when the machine has no Node.js 20 or newer."""
    here = [before]
    added: list[str] = []

    def add(*names: str) -> None:
        added.extend(names)
        here[0] = "v24.19.0"

    monkeypatch.setattr(node, "find", lambda *_names: "somewhere" if here[0] else None)
    monkeypatch.setattr(node, "run", lambda *_argv, **_options: f"{here[0]}\n")
    monkeypatch.setattr(venv, "add", add)
    node.ensure()
    assert bool(added) == installs


def test_a_wheel_that_does_not_run_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """When there is still no Node.js after the wheel, the set-up fails and says what is needed."""
    monkeypatch.setattr(node, "find", lambda *_names: None)
    monkeypatch.setattr(venv, "add", lambda *_names: None)
    with pytest.raises(SetupError, match=r"Node\.js 20"):
        node.ensure()
