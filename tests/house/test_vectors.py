"""The golden frames: each is the compact JSON of the message beside it, so both languages may use either."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, plant


def crooked_frames(root: Path) -> list[str]:
    """Vectors whose frame is not the compact JSON of their message, or whose name stands twice in one file."""
    found = []
    for file in golden_files(root):
        seen = set()
        for vector in json.loads(file.read_text("utf-8")):
            name = f"{file.stem}/{vector['name']}"
            if vector["frame"] != json.dumps(vector["message"], separators=(",", ":"), ensure_ascii=False):
                found.append(f"{name}: the frame is not the compact JSON of the message")
            if not isinstance(vector["message"], dict) or not isinstance(vector["message"].get("type"), str):
                found.append(f"{name}: the message has no type")
            if name in seen:
                found.append(f"{name}: the name stands twice")
            seen.add(name)
    return found


def golden_files(root: Path) -> list[Path]:
    """The files of golden frames: what clients say and what servers say."""
    return list(files(root / "tests" / "vectors", "client.json", "server.json"))


def test_every_golden_frame_is_the_json_of_its_message() -> None:
    """Each frame of this tree is its message, key for key in the same order, without spaces."""
    assert len(golden_files(ROOT)) == 2
    assert crooked_frames(ROOT) == []


@pytest.mark.parametrize(
    ("vectors", "complaint"),
    [
        ([{"name": "a", "frame": '{"type": "ping"}', "message": {"type": "ping"}}], "compact"),
        ([{"name": "a", "frame": '{"now":1,"type":"ping"}', "message": {"type": "ping", "now": 1}}], "compact"),
        ([{"name": "a", "frame": '{"now":1}', "message": {"now": 1}}], "no type"),
        ([{"name": "a", "frame": '{"type":"x"}', "message": {"type": "x"}}] * 2, "twice"),
    ],
)
def test_a_crooked_frame_is_found(tmp_path: Path, vectors: list[object], complaint: str) -> None:
    """One planted fault in a vector is one violation."""
    (found,) = crooked_frames(plant(tmp_path, {"tests/vectors/client.json": json.dumps(vectors)}))
    assert complaint in found
