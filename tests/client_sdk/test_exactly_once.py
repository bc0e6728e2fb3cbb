"""Any interleaving of captures, cuts, lost acks, crashes, evictions and restarts counts each event once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from client_sdk.python.actions import Verdict
from tests.client_sdk.model import ServerModel
from tests.client_sdk.wire import Wire


class Delivery(RuleBasedStateMachine):
    """Any interleaving of captures, cuts, lost acks, crashes, evictions and restarts ends with each event counted once.

    The wire is like TCP: it never reorders, and it may end anywhere. The server forgets what it had not committed;
    its uuids are durable. A restart of the client begins from what its journal wrote down.
    """

    @initialize(window=st.integers(1, 6), room=st.sampled_from([1_500, 20_000, 262_144]))
    def begin(self, window: int, room: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.wire = Wire(ServerModel(window=window, bytes=room), Path(self.folder.name, "spool"), max_events=60)
        self.captured: list[str] = []

    @rule(count=st.integers(1, 70), size=st.sampled_from([0, 300, 900]), bad=st.booleans())
    def capture(self, count: int, size: int, bad: bool) -> None:
        for _ in range(count):
            self.captured.append(self.wire.capture(text="x" * size, bad=bad))

    @rule(later=st.integers(0, 2_000))
    def poll(self, later: int) -> None:
        self.wire.poll(later)

    @precondition(lambda self: self.wire.connection is None)
    @rule()
    def connect(self) -> None:
        self.wire.open()

    @rule(later=st.sampled_from([0, 500]))
    def go_on(self, later: int) -> None:
        """A while without trouble: what is due goes out, is written, and is acknowledged."""
        if self.wire.connection is None:
            self.wire.open()
        for _ in range(3):
            self.wire.poll(later)
            self.wire.server.commit()
            self.wire.deliver()

    @rule(flush=st.booleans(), committed=st.booleans(), heard=st.integers(0, 2))
    def fail_half_way(self, flush: bool, committed: bool, heard: int) -> None:
        """Batches go out, perhaps to the disk, and the wire breaks after some of the server's frames."""
        if self.wire.connection is None:
            self.wire.open()
        if flush:
            self.wire.producer.flush()
        self.wire.poll()
        if committed:
            self.wire.server.commit()
        connection = self.wire.connection
        if connection is not None:
            for frame in connection.take()[:heard]:
                self.wire.hear(frame)
        if self.wire.connection is not None:
            self.wire.cut()

    @rule()
    def commit(self) -> None:
        self.wire.server.commit()

    @rule(code=st.sampled_from([1006, 1012, 4100]))
    def cut(self, code: int) -> None:
        if self.wire.connection is not None:
            self.wire.cut(code)

    @rule()
    def crash(self) -> None:
        self.wire.server.crash()
        if self.wire.connection is not None:
            self.wire.cut()

    @rule()
    def restart(self) -> None:
        self.wire.restart()

    @rule()
    def forget(self) -> None:
        self.wire.server.forget()

    @invariant()
    def account_is_balanced(self) -> None:
        ledger = self.wire.backlog.ledger()
        assert ledger.balanced, ledger
        assert ledger.sent == len(self.captured)

    def teardown(self) -> None:
        if not hasattr(self, "wire"):
            return
        self.wire.server.bytes = 262_144
        self.wire.settle()
        self.wire.end()
        self.folder.cleanup()
        verdicts = [action for action in self.wire.told if isinstance(action, Verdict)]
        expired = {verdict.uuid for verdict in verdicts if verdict.outcome == "expired"}
        ledger = self.wire.backlog.ledger()
        assert (ledger.balanced, ledger.pending, ledger.expired) == (True, 0, len(expired))
        arrived = set(self.wire.server.counted) | set(self.wire.server.rejected)
        assert arrived | expired >= set(self.captured), "an event was lost"
        assert all(times == 1 for times in self.wire.server.counted.values())


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
