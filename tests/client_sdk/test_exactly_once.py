"""Any interleaving of captures, cuts, lost acks, crashes, evictions and restarts counts each event once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from client_sdk.python.actions import Verdict
from tests.client_sdk.model import ServerModel
from tests.client_sdk.wire import Wire


class Delivery(RuleBasedStateMachine):
    """Any interleaving of captures, cuts, lost acks, crashes, evictions and restarts ends with each event counted once.

    The wire is like TCP: it never reorders, and it may end anywhere. The server forgets what it had not committed;
    its uuids are durable. A restart of the client begins from what its journal wrote down.
    """

    @initialize(
        window=st.integers(1, 6),
        room=st.sampled_from([1_500, 20_000, 262_144]),
        most=st.sampled_from([3, 500]),
        formats=st.sampled_from([(), ("columns",)]),
    )
    def begin(self, window: int, room: int, most: int, formats: tuple[str, ...]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        server = ServerModel(window=window, bytes=room, formats=formats)
        server.limits["max_events"] = most
        self.wire = Wire(server, Path(self.folder.name, "spool"), max_events=40)
        self.captured: list[str] = []

    @rule(count=st.integers(1, 12), size=st.sampled_from([0, 900]), bad=st.booleans())
    def capture(self, count: int, size: int, bad: bool) -> None:
        for _ in range(count):
            self.captured.append(self.wire.capture(text="x" * size, bad=bad))

    @rule(later=st.sampled_from([0, 500]))
    def go_on(self, later: int) -> None:
        """A while without trouble: what is due goes out, is written, and is acknowledged."""
        if self.wire.connection is None:
            self.wire.open()
        for _ in range(3):
            self.wire.poll(later)
            self.wire.server.commit()
            self.wire.deliver()

    @rule(formats=st.sampled_from([(), ("columns",)]))
    def change_servers(self, formats: tuple[str, ...]) -> None:
        """The next connection is to a server that reads other forms."""
        self.wire.server.formats = formats
        if self.wire.connection is not None:
            self.wire.cut()

    @rule(flush=st.booleans(), committed=st.integers(0, 3), heard=st.integers(0, 2), crash=st.booleans())
    def fail_half_way(self, flush: bool, committed: int, heard: int, crash: bool) -> None:
        """Batches go out, some reach the disk, and the wire breaks after some of the server's frames."""
        if self.wire.connection is None:
            self.wire.open()
        if flush:
            self.wire.producer.flush()
        self.wire.poll()
        self.wire.server.commit(committed)
        connection = self.wire.connection
        if connection is not None:
            for frame in connection.take()[:heard]:
                self.wire.hear(frame)
        if crash:
            self.wire.server.crash()
        if self.wire.connection is not None:
            self.wire.cut()

    @rule(most=st.integers(1, 3))
    def commit(self, most: int) -> None:
        self.wire.server.commit(most)

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
    max_examples=max(settings().max_examples, 400),
    stateful_step_count=30,
    # Shrinking a run takes minutes, each with its files; thirty steps can be read as they are.
    phases=(Phase.explicit, Phase.generate),
)
