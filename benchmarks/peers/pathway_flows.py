"""Pathway, one thread, in its static mode: it reads and decodes the file itself, in Rust, which is its fastest way."""

from __future__ import annotations

from typing import Any

import pathway as pw
from pathway.internals.parse_graph import G

from benchmarks.peers.flow import Flow, main

_EVENT = pw.schema_from_types(event=str, timestamp=int, campaign=str)


def _ysb(path: str) -> list[Any]:
    G.clear()
    found: list[Any] = []
    events = pw.io.fs.read(
        path, format="json", schema=_EVENT, mode="static", json_field_paths={"campaign": "/properties/campaign"}
    )
    views = events.filter(pw.this.event == "view")
    windows = views.windowby(pw.this.timestamp, window=pw.temporal.tumbling(duration=10_000), instance=pw.this.campaign)
    counts = windows.reduce(campaign=pw.this._pw_instance, start=pw.this._pw_window_start, views=pw.reducers.count())

    def note(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
        del key, time
        if is_addition:
            found.append((row["campaign"], row["start"], row["views"]))

    pw.io.subscribe(counts, note)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    return found


FLOWS = {"ysb": Flow(lambda path: path, _ysb)}

if __name__ == "__main__":
    main(FLOWS, "pathway")
