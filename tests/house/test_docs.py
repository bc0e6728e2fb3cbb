"""The documentation is whole: nothing a user can touch is missing from it, and nothing in it is gone.

The table of settings is held by tests/tools/test_settings.py.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path

from gateway import cli
from gateway.config import Config
from gateway.errors import CLOSE_CODES, CloseCode, Retry
from tests.house.surface import Page, commands, error_codes, messages, metrics, routes
from tests.house.tree import ROOT, plant

_RULES = {Retry.NEVER: "does not retry", Retry.BACKOFF: "backs off", Retry.NOW: "retries at once"}


def differences(there: set[str], told: set[str]) -> list[str]:
    """Names that only the source or only the page has."""
    return [f"undocumented: {name}" for name in sorted(there - told)] + [f"gone: {n}" for n in sorted(told - there)]


def untold_messages(root: Path) -> list[str]:
    """Messages without a heading of their own in protocol.md, and the other way round."""
    return differences({message["type"] for message in messages(root)}, Page.of(root, "protocol").headings)


def crooked_examples(root: Path) -> list[str]:
    """Golden messages that protocol.md does not show, and examples in it that are no golden message."""
    golden = {json.dumps(message) for message in messages(root)}
    return differences(golden, {json.dumps(block) for block in Page.of(root, "protocol").json_blocks()})


def untold_close_codes(page: Page, codes: Iterable[CloseCode]) -> list[str]:
    """Close codes that the table does not have with their reason and the client's rule, and rows of no code."""
    told = {
        " | ".join([row[0].strip("`"), row[1].split(":")[0].split(" (")[0], row[2]]) for row in page.rows("Close codes")
    }
    table = {f"{code.number} | {code.reason} | {_RULES[code.retry]}" for code in codes}
    return differences(table, {row.split(",")[0] for row in told})


def untold_error_codes(root: Path) -> list[str]:
    """Slugs of errors that protocol.md does not explain, and the other way round."""
    return differences(error_codes(root), Page.of(root, "protocol").first_tokens("`error`"))


def untold_routes(root: Path) -> list[str]:
    """Routes that http.md does not list, and the other way round."""
    told = {token.split(" ")[-1] for token in Page.of(root, "http").first_tokens() if " /" in token}
    return differences(routes(root), told)


def untold_metrics(root: Path) -> list[str]:
    """Metrics that metrics.md does not list, and the other way round."""
    told = {token.split("{")[0] for token in Page.of(root, "metrics").first_tokens()}
    return differences(metrics(root), {token.removesuffix("_total") for token in told} | (told & metrics(root)))


def untold_commands(page: Page, known: Mapping[str, set[str]], settings: set[str]) -> list[str]:
    """Commands without a heading in cli.md, and their own flags that it does not name; settings have another page."""
    found = differences(set(known), page.headings)
    words = {word for token in page.tokens for word in token.split()}
    flags = {flag for own in known.values() for flag in own} - settings - {"-h", "--help"}
    return found + [f"undocumented: {flag}" for flag in sorted(flags - words)]


def test_every_message_is_documented() -> None:
    """Each type in the golden frames has its heading in protocol.md, and each heading its golden frame."""
    assert untold_messages(ROOT) == []


def test_every_example_is_a_golden_message() -> None:
    """The JSON in protocol.md is just the golden frames, so it cannot say what no code says."""
    assert crooked_examples(ROOT) == []


def test_a_new_message_is_missed(tmp_path: Path) -> None:
    """A planted golden frame without a heading and an example is found, and so is a heading without a frame."""
    vector = {"name": "a", "frame": "", "message": {"type": "new"}}
    page = '### `old`\n\n```json\n{"type":"old"}\n```\n'
    plant(tmp_path, {"tests/vectors/server.json": json.dumps([vector]), "docs/protocol.md": page})
    assert untold_messages(tmp_path) == ["undocumented: new", "gone: old"]
    assert crooked_examples(tmp_path) == ['undocumented: {"type": "new"}', 'gone: {"type": "old"}']


def test_every_close_code_is_documented() -> None:
    """protocol.md has each close code with its reason and the client's rule, and no other."""
    assert untold_close_codes(Page.of(ROOT, "protocol"), CLOSE_CODES.values()) == []


def test_a_new_or_changed_close_code_is_missed() -> None:
    """A planted code, and one whose rule has changed, are found."""
    page = Page(
        "### Close codes\n\n| code | reason | the client |\n|---|---|---|\n| `4000` | bad message | backs off |\n"
    )
    codes = [CloseCode(4000, "bad message", Retry.NEVER), CloseCode(4999, "new", Retry.NOW)]
    assert untold_close_codes(page, codes) == [
        "undocumented: 4000 | bad message | does not retry",
        "undocumented: 4999 | new | retries at once",
        "gone: 4000 | bad message | backs off",
    ]


def test_every_error_code_is_documented() -> None:
    """protocol.md says what each `error` code means, and names none that nothing sends."""
    assert untold_error_codes(ROOT) == []


def test_a_new_error_code_is_missed(tmp_path: Path) -> None:
    """A planted slug is found, also where there are two to choose from, and so is a row of a slug that is gone."""
    text = 'raise ProtocolError("new", 4000)\nraise ProtocolError("a" if x else "b")'
    page = "### `error`\n\n| code |\n|---|\n| `a` |\n| `old` |\n"
    plant(tmp_path, {"gateway/core/x.py": text, "docs/protocol.md": page})
    assert untold_error_codes(tmp_path) == ["undocumented: b", "undocumented: new", "gone: old"]


def test_every_route_is_documented() -> None:
    """http.md lists the routes that the server has, and no other."""
    assert untold_routes(ROOT) == []


def test_a_new_route_is_missed(tmp_path: Path) -> None:
    """A planted route is found, and so is a row of a route that is gone."""
    tree = {
        "gateway/server/http.py": 'from aiohttp import web\n"""no /route"""\nweb.get("/v1/new/{name:.+}", None)',
        "gateway/server/handshake.py": 'WS_PATH = "/v1/ws"',
        "gateway/server/memory.py": 'STATUS = "/proc/self/statm"',
        "docs/http.md": "| route | what |\n|---|---|\n| `GET /v1/ws` | socket |\n| `POST /v1/old` | gone |\n",
    }
    assert untold_routes(plant(tmp_path, tree)) == ["undocumented: /v1/new/{name}", "gone: /v1/old"]


def test_every_metric_is_documented() -> None:
    """metrics.md lists the metrics that the gateway exports, and no other."""
    assert metrics(ROOT)
    assert untold_metrics(ROOT) == []


def test_a_new_metric_is_missed(tmp_path: Path) -> None:
    """A planted metric is found, and so is a row of a metric that is gone."""
    source = "".join(f'Gauge("tidegate_{name}", "")\n' for name in ("events", "level", "new"))
    page = "".join(f"| `tidegate_{name}` |\n" for name in ("events_total{verdict}", "level", "old"))
    tree = {"gateway/server/metrics.py": source, "docs/metrics.md": f"| metric |\n|---|\n{page}"}
    assert untold_metrics(plant(tmp_path, tree)) == ["undocumented: tidegate_new", "gone: tidegate_old"]


def test_every_command_is_documented() -> None:
    """cli.md has a heading for each command, names each flag that is no setting, and has no other heading."""
    settings = {f"--{setting.name.replace('_', '-')}" for setting in fields(Config)}
    assert untold_commands(Page.of(ROOT, "cli"), commands(cli._parser()), settings) == []


def test_a_new_command_or_flag_is_missed() -> None:
    """A planted command and a planted flag are found; a setting's flag is not asked for here."""
    parser = argparse.ArgumentParser()
    planted = parser.add_subparsers().add_parser("new")
    planted.add_argument("--port")
    planted.add_argument("--fast")
    page = Page("## `old`\n\nTakes `--slow`.\n")
    assert untold_commands(page, commands(parser), {"--port"}) == [
        "undocumented: new",
        "gone: old",
        "undocumented: --fast",
    ]
