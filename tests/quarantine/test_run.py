"""The command on a real folder, and against a real gateway: a bad event is mended and counted, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.errors import ConfigError, RecordingError
from gateway.quarantine.run import ACTIONS, Options, run_quarantine
from gateway.store import Quarantined
from tests.e2e.gateway_process import WRITE_KEY, GatewayProcess
from tests.store.answers import appended, opened

ROWS = [
    Quarantined("late", 1, "a", b'{"event":"x"}'),
    Quarantined("schema:price", 2, "b", b'{"event":"y"}'),
    Quarantined("schema:uuid", 3, "b", b'{"event":"z"}'),
]


def folder(place: Path) -> str:
    """A data folder with three rejected events."""
    with opened(place) as log:
        log.quarantine(ROWS, {"nul": 4})
        appended(log, b"a")
    return str(place)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed."""
    return capsys.readouterr().out.splitlines()


def test_it_is_listed_inspected_and_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it, of one reason, of the reasons that begin alike, or one event."""
    place = folder(tmp_path)
    assert run_quarantine(Options("list", place)) == 0
    said = lines(capsys)
    assert "nul: 4 events, 0 kept" in said
    assert [line.split()[0] for line in said[-3:]] == ["3", "2", "1"]
    run_quarantine(Options("list", place, reason="schema:", limit=1))
    said = lines(capsys)
    assert not any("late" in line or "nul" in line for line in said)
    assert said[-1].startswith("3 ")
    run_quarantine(Options("inspect", place, identity=2))
    assert "reason    schema:price" in lines(capsys)
    run_quarantine(Options("export", place, reason="schema:price"))
    assert [json.loads(line)["id"] for line in lines(capsys)] == [2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options("inspect", ""), "say which event"),
        (Options("inspect", "", identity=99), "no event 99"),
        (Options("replay", ""), "url: "),
        (Options("replay", "", url="http://127.0.0.1:1"), "write_keys: "),
        (Options("list", "/nowhere"), "no event log"),
        (Options("replay", "/nowhere", url="http://127.0.0.1:1"), "no event log"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, options: Options, words: str) -> None:
    """The number, the gateway, its key, the folder."""
    place = folder(tmp_path)
    with pytest.raises(ConfigError, match=words):
        run_quarantine(options if options.place else options._replace(place=place))


def test_a_line_that_is_none_stops_a_replay(tmp_path: Path) -> None:
    """With its number."""
    export = tmp_path / "x.ndjson"
    export.write_text('\n{"id":1}\n')
    with pytest.raises(RecordingError, match=r"x\.ndjson: line 2: "):
        run_quarantine(Options("replay", str(export), url="http://127.0.0.1:1", write_key="w"))


def test_the_parser_knows_the_actions() -> None:
    """And no others."""
    for action in ACTIONS:
        assert vars(cli._parser().parse_args(["quarantine", action, "d", "5"]))["identity"] == 5
    for words in (["brew", "d"], ["inspect", "d", "x"], ["list", "d", "--limit", "-1"]):
        with pytest.raises(SystemExit):
            cli._parser().parse_args(["quarantine", *words])


def _posted(gateway: GatewayProcess, *events: dict[str, Any]) -> None:
    body = {"token": WRITE_KEY, "defaults": {"distinct_id": "u1"}, "events": events}
    status, _ = gateway.post(json.dumps(body).encode())
    assert status == 200


def test_a_mended_event_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exported, its mistake mended, sent: accepted. Sent once more: a duplicate. The account and the ledger agree."""
    data, export = tmp_path / "data", tmp_path / "rejected.ndjson"
    with GatewayProcess(data) as gateway:
        _posted(gateway, {"event": "buy", "distinct_id": 7}, {"event": "ok"}, {"event": ""})
        while sum(gateway.status()["quarantine"].values()) < 2:
            pass
        replay = Options("replay", str(data), url=gateway.url, write_key=WRITE_KEY)
        assert run_quarantine(replay) == 1
        assert lines(capsys)[-1].startswith("2 read: 0 accepted, 0 duplicate, 2 rejected again")
        run_quarantine(Options("export", str(data), identity=1))
        line = json.loads(lines(capsys)[0])
        assert line["defaults"] == {"distinct_id": "u1"}
        line["event"]["distinct_id"] = "7"
        export.write_text(json.dumps(line) + "\n")
        mended = replay._replace(place=str(export))
        assert run_quarantine(mended) == 0
        assert lines(capsys)[-1].startswith("1 read: 1 accepted, 0 duplicate, 0 rejected again")
        assert run_quarantine(mended) == 0
        assert lines(capsys)[-1].startswith("1 read: 0 accepted, 1 duplicate, 0 rejected again")
        ledger = gateway.status()["ledger"]
        assert (ledger["sent"], ledger["accepted"], ledger["duplicate"], ledger["rejected"]) == (7, 2, 1, 4)
