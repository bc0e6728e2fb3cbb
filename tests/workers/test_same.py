"""The tests of sessions over one process, over workers: the protocol does not depend on who has the sockets."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from tests.server import test_drain, test_session, test_session_encodings, test_session_resume, test_session_viewers
from tests.server.serving import serving
from tests.workers.rig import InLoop

MODULES = (test_drain, test_session, test_session_encodings, test_session_resume, test_session_viewers)


def plain_tests(module: ModuleType) -> list[Callable[[Path], None]]:
    """Those that need nothing but a folder."""
    named = [value for name, value in vars(module).items() if name.startswith("test_") and inspect.isfunction(value)]
    return [test for test in named if list(inspect.signature(test).parameters) == ["tmp_path"]]


CASES = [
    pytest.param(module, test, id=f"{module.__name__.rpartition('.')[2]}:{test.__name__}")
    for module in MODULES
    for test in plain_tests(module)
]


def test_there_are_such_tests() -> None:
    """In each of these modules."""
    assert min(len(plain_tests(module)) for module in MODULES) >= 2


@pytest.mark.parametrize(("module", "test"), CASES)
def test_it_holds_over_workers(
    tmp_path: Path,
    in_loop: list[InLoop],
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    test: Callable[[Path], None],
) -> None:
    """Whatever the test says of the gateway that it starts."""
    monkeypatch.setattr(module, "serving", partial(serving, workers=2))
    test(tmp_path)
    assert len(in_loop) >= 2
