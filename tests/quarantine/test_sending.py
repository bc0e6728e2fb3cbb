"""Rejected events sent again: each is in one place of the account."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest

from gateway.core.letter import Letter
from gateway.errors import ConfigError, StorageError
from gateway.quarantine import sending
from gateway.quarantine.sending import Account, batches, post, send


def letter(number: int, **fields: Any) -> Letter:
    """An event that was rejected for its schema."""
    return Letter(number, "schema:price", 5, "p", {}, {"event": "x", "n": number}, "", False)._replace(**fields)


def test_what_is_sent_is_bounded_and_shares_its_defaults() -> None:
    """No body has more events or bytes than a post takes; an event keeps what its connection said."""
    letters = [letter(n) for n in range(250)]
    letters += [letter(n, event={"event": "x", "text": "y" * 90_000}) for n in range(3)]
    letters += [letter(n, defaults={"distinct_id": "u"}) for n in range(2)]
    found = list(batches(letters, Account()))
    assert [len(batch) for batch in found] == [100, 100, 52, 1, 2]
    assert [each.identity for batch in found for each in batch] == [*range(250), 0, 1, 2, 0, 1]


def test_each_is_counted_in_one_place() -> None:
    """By what the gateway said of it, or why it was not sent."""
    said: list[Any] = []

    def answer(body: bytes) -> Any:
        said.append(orjson.loads(body))
        return {"seq": 1, "verdicts": [[1, 1, "duplicate", "uuid"], [1, 2, "drop", "nul"], [1, 3, "warn", "clamped"]]}

    account = Account()
    letters = [letter(n) for n in range(4)]
    send([*letters, letter(5, reason="late"), letter(6, event=None)], "w_key", answer, account)
    assert (account.read, account.accepted, account.duplicate, account.rejected) == (6, 2, 1, {"nul": 1})
    assert (account.late, account.broken) == (1, 1)
    assert said[0]["token"] == "w_key"
    assert [event["n"] for event in said[0]["events"]] == [0, 1, 2, 3]
    assert account.text() == (
        "6 read: 2 accepted, 1 duplicate, 1 rejected again (1 nul), 1 late and left in the log,"
        " 1 not to be sent as they are"
    )


@contextmanager
def answering(*statuses: int) -> Iterator[str]:
    """A server that answers with these statuses, then with 200; its address."""
    left = list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status = left.pop(0) if left else 200
            body = json.dumps({"seq": 1, "verdicts": []}).encode()
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_gateway_that_holds_is_waited_for() -> None:
    """As often as it says so, up to a bound."""
    with answering(503, 429) as url:
        assert post(url)(b"{}") == {"seq": 1, "verdicts": []}
    with answering(*[503] * sending.TRIES) as url, pytest.raises(StorageError, match="does not take events now"):
        post(url)(b"{}")


@pytest.mark.parametrize(("status", "words"), [(401, "the write key is wrong"), (400, "status 400")])
def test_a_refusal_is_said(status: int, words: str) -> None:
    """A wrong key, or a body that it does not take."""
    with answering(status) as url, pytest.raises(ConfigError, match=words):
        post(url)(b"{}")


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "file:///etc/passwd", "http://127.0.0.1:1"])
def test_an_address_where_no_gateway_is_is_said(url: str) -> None:
    """No address of the web, or nobody there."""
    with pytest.raises(ConfigError, match="url: "):
        post(url)(b"{}")
