"""Quix Streams without its broker: its window and store classes are called as its own tests call them.

So neither Kafka nor its consumer is in the figure, which is in its favour. State is in RocksDB, as always with it.
"""

from __future__ import annotations

import tempfile
from collections import deque
from types import SimpleNamespace
from typing import Any

import orjson
from quixstreams.dataframe.windows import TumblingTimeWindowDefinition
from quixstreams.state.manager import StateStoreManager

from benchmarks.peers.flow import Flow, lines_of, main

# Messages between two commits of the store.
_COMMIT = 10_000


def _ysb(lines: list[bytes]) -> list[Any]:
    counts: dict[tuple[bytes, int], int] = {}
    with tempfile.TemporaryDirectory() as folder:
        manager = StateStoreManager(group_id="benchmark", state_dir=folder)
        manager.init()
        frame: Any = SimpleNamespace(stream_id="events", processing_context=SimpleNamespace(state_manager=manager))
        window = TumblingTimeWindowDefinition(duration_ms=10_000, grace_ms=0, dataframe=frame).count()
        manager.register_windowed_store("events", window.name)
        store = manager.get_store("events", window.name)
        store.assign_partition(0)
        for first in range(0, len(lines), _COMMIT):
            with store.start_partition_transaction(0) as transaction:
                for line in lines[first : first + _COMMIT]:
                    event = orjson.loads(line)
                    if event["event"] != "view":
                        continue
                    key = event["properties"]["campaign"].encode()
                    updated, expired = window.process_window(event, key, event["timestamp"], None, transaction)
                    for _, result in updated:
                        counts[key, result["start"]] = result["value"]
                    deque(expired, 0)
        manager.close()
    return [(campaign.decode(), start, count) for (campaign, start), count in counts.items()]


FLOWS = {"ysb": Flow(lines_of, _ysb)}

if __name__ == "__main__":
    main(FLOWS, "quixstreams")
