"""The Python client of a Tidegate gateway: `AsyncClient` and `Client` send events, `AsyncViewer` watches.

    async with AsyncClient("http://localhost:8080", key) as client:
        client.capture("purchase", {"value": 42.0}, distinct_id="u1")
        await client.flush()

Both fronts run one pure core (`producer`, `viewer`), which has no socket, no clock and no randomness.
"""

from client_sdk.python.actions import Verdict
from client_sdk.python.async_client import AsyncClient
from client_sdk.python.async_viewer import AsyncViewer
from client_sdk.python.client import Client
from client_sdk.python.errors import (
    ClientError,
    ClosedError,
    EncodingError,
    EventError,
    MessageError,
    SpoolError,
    StoppedError,
    SubscriptionError,
)
from client_sdk.python.ledger import Ledger
from client_sdk.python.link import State
from client_sdk.python.messages import Push, Row
from client_sdk.python.tail import Sighting
from client_sdk.python.view import Change
from client_sdk.python.watch import Subscription, TailSubscription

__all__ = [
    "AsyncClient",
    "AsyncViewer",
    "Change",
    "Client",
    "ClientError",
    "ClosedError",
    "EncodingError",
    "EventError",
    "Ledger",
    "MessageError",
    "Push",
    "Row",
    "Sighting",
    "SpoolError",
    "State",
    "StoppedError",
    "Subscription",
    "SubscriptionError",
    "TailSubscription",
    "Verdict",
]
