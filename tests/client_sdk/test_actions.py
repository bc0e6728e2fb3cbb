"""Actions are plain values: equal when they say the same, and a closed union."""

from __future__ import annotations

from typing import get_args

from client_sdk.python import actions
from client_sdk.python.actions import Action, Close, Send, Verdict
from client_sdk.python.closecodes import Retry


def test_actions_compare_by_what_they_say() -> None:
    """Two actions with the same content are equal, of another content they are not."""
    assert Send(b"x") == Send(b"x")
    assert Close("done", Retry.NOW) != Close("done", Retry.BACKOFF)
    assert Verdict("u", "drop", "late") == ("u", "drop", "late")


def test_the_union_names_every_action() -> None:
    """Each class that the module offers is part of `Action`, so that a checker sees it everywhere."""
    offered = {name for name in actions.__all__ if name != "Action"}
    assert {kind.__name__ for kind in get_args(Action)} == offered
