"""What a worker is told and tells, as it is written."""

from __future__ import annotations

import msgspec

from gateway.config import Config
from gateway.workers.setup import Counts, Refused, Setup, Whom


def test_settings_arrive_as_they_are() -> None:
    """All of them, lists and truths as well."""
    config = Config(workers=3, allowed_origins=("http://a", "http://b"), parse_agents=True, tls_cert="c", tls_key="k")
    setup = Setup("name", config, [(2, ["127.0.0.1", 80]), (10, ["::1", 80, 0, 0])], 80)
    assert msgspec.json.decode(msgspec.json.encode(setup), type=Setup) == setup


def test_the_small_ones_too() -> None:
    """Counts by number, a refusal, a sender."""
    for one in (Counts(rss=5, closes={1000: 2}, refused={403: 1}), Refused(503, 5, "total"), Whom("a", None, "b", "c")):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=type(one)) == one
