"""The producer for programs without an event loop: the asyncio client, run by a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

from client_sdk.python.async_client import AsyncClient
from client_sdk.python.errors import ClosedError
from client_sdk.python.ledger import Ledger
from client_sdk.python.link import State

__all__ = ["Client"]

Result = TypeVar("Result")


class Client:
    """`AsyncClient` without `await`. Every method may be called from any thread.

    The constructor starts the thread and the connection; `close` ends both, and waits for them. A client that is never
    closed does not keep the process alive, but what it has not sent is lost without a spool.
    """

    def __init__(self, url: str, key: str, **options: Any) -> None:
        """Connect in the background. `options` are those of `AsyncClient`; its callbacks run in the client's thread.

        Raises:
            ValueError: the URL, the encoding or `properties` cannot be used.
            EncodingError: the encoding needs a package that is not installed.
            SpoolError: the spool cannot be used, or has another producer id.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tidegate-client", daemon=True)
        self._thread.start()
        # Guards `_closed` against a capture that would be handed to a loop which ends.
        self._lock = threading.Lock()
        self._closed = False
        self._final: Ledger | None = None

        async def begin() -> AsyncClient:
            client = AsyncClient(url, key, **options)
            await client.start()
            return client

        try:
            self._client = self._ask(begin())
        except BaseException:
            self._end()
            raise

    @property
    def producer_id(self) -> str:
        """The identity under which the server remembers what it has."""
        return self._client.producer_id

    @property
    def state(self) -> State:
        """What the client is doing."""
        return self._client.state

    def capture(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        distinct_id: str | None = None,
        session_id: str | None = None,
        timestamp: int | float | datetime | str | None = None,
        uuid: str | None = None,
    ) -> str:
        """Take one event; returns its uuid. Never waits. A spool has it a moment later.

        Raises:
            EventError: it cannot be sent as it is; names the place.
            ClosedError: the client is closed.
        """
        made = self._client.make(event, properties, distinct_id, session_id, timestamp, uuid)
        self._hand(self._client.add, made)
        return made.uuid

    def authenticate(self, key: str) -> None:
        """Use another key from now on.

        Raises:
            ClosedError: the client is closed.
        """
        self._hand(self._client.authenticate, key)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until every event captured before is acknowledged.

        Raises:
            StoppedError: the server closed for good.
            ClosedError: the client is closed.
            TimeoutError: `timeout` seconds went by; nothing is lost by it.
        """
        self._ask(self._client.flush(timeout))

    def ledger(self) -> Ledger:
        """The account of all events, every capture before this call included."""
        if self._final is not None:
            return self._final

        async def read() -> Ledger:
            return self._client.ledger()

        return self._ask(read())

    def close(self, timeout: float = 5) -> Ledger:
        """Flush for at most `timeout` seconds, close the socket, end the thread; returns the final account.

        May be called twice, but not from a callback.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a callback runs in the client's thread and cannot end it")
        with self._lock:
            first, self._closed = not self._closed, True
        if first:
            try:
                self._final = asyncio.run_coroutine_threadsafe(self._client.close(timeout), self._loop).result()
            finally:
                self._end()
        self._thread.join()
        return self._final if self._final is not None else self._client.ledger()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hand(self, call: Callable[..., object], *values: object) -> None:
        """Let the loop make a call, in order with all others."""
        with self._lock:
            if self._closed:
                raise ClosedError("the client is closed")
            self._loop.call_soon_threadsafe(call, *values)

    def _ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the loop and wait for it."""
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("a callback runs in the client's thread and cannot wait for it")
        with self._lock:
            if self._closed:
                work.close()
                raise ClosedError("the client is closed")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
