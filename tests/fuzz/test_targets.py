"""Every target holds for its examples and for bytes near them; one that does not is found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.catalogue import TARGETS
from tests.fuzz.target import Target, mutated

BY_NAME = pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])


@BY_NAME
def test_examples(target: Target) -> None:
    """Each of them is read to its end."""
    for seed in target.seeds:
        target.run(seed)


@BY_NAME
@given(data=st.data())
@settings(max_examples=settings().max_examples // 4)
def test_mutated(target: Target, data: st.DataObject) -> None:
    """Only the named errors come out."""
    target.run(data.draw(mutated(target)))
