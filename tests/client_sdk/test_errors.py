"""Every error of the client has one base, and says what is wrong."""

from __future__ import annotations

import pytest

from client_sdk.python import errors
from client_sdk.python.errors import ClientError, EventError, StoppedError, SubscriptionError


@pytest.mark.parametrize("name", errors.__all__)
def test_one_base(name: str) -> None:
    """Whoever catches `ClientError` catches them all, and the tree at the top of the module names each."""
    assert issubclass(getattr(errors, name), ClientError)
    assert name in (errors.__doc__ or "")


def test_messages_name_the_place() -> None:
    """The text holds the path, the code or the KPI, and the attributes hold them too."""
    event = EventError("properties.price", "nan is not a JSON number")
    assert str(event) == "properties.price: nan is not a JSON number"
    assert (event.path, event.reason) == ("properties.price", "nan is not a JSON number")
    assert isinstance(event, ValueError)
    assert str(StoppedError(4001, "unauthorized")) == "stopped by the server: 4001 unauthorized"
    assert SubscriptionError("sales", "unknown_kpi").code == "unknown_kpi"
