"""Pages, the SDK and the demo shop over real sockets."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest

from gateway.server import http
from tests.house.tree import plant
from tests.server.rig import Raw, run
from tests.server.services import Got, Site, answer_of, request, site

IMPORT = re.compile(rb'(?:^|\n)\s*(?:import|export)\b[^;\'"]*["\'](\.[^"\']+)["\']')


def test_the_dashboard_is_a_strict_page() -> None:
    """`/` is HTML under a policy without anything inline, and its own scripts and styles load."""

    async def main() -> None:
        async with site() as at:
            page = await at.ask("GET /")
            assert page.status == 200
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; ")
            assert "unsafe" not in page.headers["content-security-policy"]
            assert page.headers["x-content-type-options"] == "nosniff"
            assert page.headers["server"] == "tidegate"
            text = page.body.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|\sstyle=", text)
            loaded = re.findall(r'(?:src|href)="([^"#:]+)"', text)
            assert any(path.endswith(".js") for path in loaded)
            for path in loaded:
                got = await at.ask(f"GET {join('/', path)}")
                assert got.status == 200, path
                assert got.headers["content-security-policy"] == page.headers["content-security-policy"]

    run(main)


async def module_tree(at: Site, path: str) -> dict[str, Got]:
    """A module and all it imports, by path; each must be there."""
    got: dict[str, Got] = {}
    wanted = [path]
    while wanted:
        path = wanted.pop()
        if path in got:
            continue
        got[path] = await at.ask(f"GET {path}", "Origin: http://any.example")
        assert got[path].status == 200, path
        assert got[path].headers["content-type"] == "text/javascript; charset=utf-8"
        wanted += [normpath(join(dirname(path), found.decode())) for found in IMPORT.findall(got[path].body)]
    return got


def test_the_sdk_loads_from_any_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/sdk.js` and everything it imports is JavaScript that every origin may load, and it exports all of it."""
    shutil.copytree(http._SDK / "src", tmp_path / "src")  # without a build beside it
    monkeypatch.setattr(http, "_SDK", tmp_path)

    async def main() -> None:
        async with site() as at:
            tree = await module_tree(at, "/sdk.js")
            assert "/sdk/index.js" in tree
            assert len(tree) > 3
            tree["/tidegate.js"] = await at.ask("GET /tidegate.js")
            for got in tree.values():
                assert got.headers["access-control-allow-origin"] == "*"
                assert got.headers["cross-origin-resource-policy"] == "cross-origin"
            assert b'export * from "./sdk/index.js"' in tree["/sdk.js"].body

    run(main)


def test_the_built_sdk_is_served_with_its_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build is served in place of the sources, under the same address."""
    plant(tmp_path, {"dist/build.json": '{"sources": "0"}', "dist/sdk.js": "1", "dist/sdk.js.map": "{}"})
    plant(tmp_path, {"dist/sdk/delivery-0.js": "2"})
    monkeypatch.setattr(http, "_SDK", tmp_path)

    async def main() -> None:
        async with site() as at:
            for path, body in {"/sdk.js": b"1", "/sdk.js.map": b"{}", "/sdk/delivery-0.js": b"2"}.items():
                got = await at.ask(f"GET {path}")
                assert (got.status, got.body, got.headers["access-control-allow-origin"]) == (200, body, "*")
            assert (await at.ask("GET /sdk.js")).headers["sourcemap"] == "sdk.js.map"
            assert "sourcemap" not in (await at.ask("GET /sdk/delivery-0.js")).headers
            assert (await at.ask("GET /tidegate.js")).status == 404

    run(main)


def test_the_dashboard_modules_all_load() -> None:
    """Every module that the dashboard imports is served."""

    async def main() -> None:
        async with site() as at:
            assert len(await module_tree(at, "/main.js")) > 3

    run(main)


@pytest.mark.parametrize("path", ["/", "/sdk.js", "/main.js"])
def test_what_a_browser_has_is_not_sent_again(path: str) -> None:
    """With the tag of its copy a browser gets 304 and no body; with another it gets the file."""

    async def main() -> None:
        async with site() as at:
            first = await at.ask(f"GET {path}")
            tag = first.headers["etag"]
            assert first.headers["cache-control"] == "no-cache"
            for header in (tag, f'"other", {tag}', f"W/{tag}", "*"):
                again = await at.ask(f"GET {path}", f"If-None-Match: {header}")
                assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
            assert (await at.ask(f"GET {path}", 'If-None-Match: "other"')).body == first.body

    run(main)


def test_files_are_packed_for_who_takes_that() -> None:
    """With `Accept-Encoding: gzip` the same file comes packed, under another tag."""

    async def main() -> None:
        async with site() as at:
            plain = await at.ask("GET /main.js")
            packed = await at.ask("GET /main.js", "Accept-Encoding: gzip, br")
            assert packed.headers["content-encoding"] == "gzip"
            assert gzip.decompress(packed.body) == plain.body
            assert len(packed.body) < len(plain.body)
            assert packed.headers["etag"] != plain.headers["etag"]
            assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
            tag = packed.headers["etag"]
            assert (await at.ask("GET /main.js", f"If-None-Match: {tag}", "Accept-Encoding: gzip")).status == 304

    run(main)


def test_what_has_its_hash_in_its_name_is_kept_for_good() -> None:
    """Parts of the SDK's build are asked for once; the entry and modules each time whether they still hold."""

    async def main() -> None:
        async with site() as at:
            entry = await at.ask("GET /sdk.js")
            (part,) = re.findall(rb'import\("\./(sdk/delivery-[0-9a-f]{8}\.js)"\)', entry.body)
            for path, lasts in (
                (part.decode(), True),
                ("sdk/modules/clicks.js", False),
                (f"{part.decode()}.map", False),
            ):
                got = await at.ask(f"GET /{path}")
                assert (got.status, got.headers["access-control-allow-origin"]) == (200, "*")
                assert ("immutable" in got.headers["cache-control"]) == lasts, path

    run(main)


def test_head_is_get_without_the_body() -> None:
    """HEAD has the headers of GET."""

    async def main() -> None:
        async with site() as at:
            raw = await Raw.connect(at.port)
            raw.writer.write(request("HEAD /", "Connection: close"))
            got = await answer_of(raw, head_only=True)
            assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert await raw.rest() == b""
            await raw.aclose()

    run(main)


TRAVERSALS = [
    "/../pyproject.toml",
    "/..%2fpyproject.toml",
    "/%2e%2e/pyproject.toml",
    "/%2e%2e%2fconfig.py",
    "/..%5cconfig.py",
    "/..\\config.py",
    "/css/../../config.py",
    "/css/..%2f..%2fconfig.py",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/index.html%00.js",
    "/%00",
    "/index.html/",
    "/index.html/.",
    "/./index.html%2f..",
    "/....//config.py",
    "/%252e%252e%252fconfig.py",
    "/%c0%ae%c0%ae/config.py",
    "/\u00e9",
    "/config.py",
    "/demo/index.html",
    "/sdk/../../../pyproject.toml",
    "/sdk/..%2f..%2f..%2fpyproject.toml",
    "/sdk/..%2fpackage.json",
    "/sdk/../package.json",
    "/sdk//index.js",
    "/sdk/",
    "/sdk",
    "/sdk/%2e%2e/package.json",
    "/demo/",
    "/demo",
    "/.git/config",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out(path: str) -> None:
    """However a path is written, it reaches nothing but the files of the table: 404, or 400 when it is no path."""

    async def main() -> None:
        async with site() as at:
            got = await at.ask(f"GET {path}")
            assert got.status in (400, 404)
            assert b"[project]" not in got.body
            assert b"import" not in got.body

    run(main)


def test_the_shop_is_there_only_when_asked_for() -> None:
    """With a demo key the shop and its settings are served; `/demo` leads to it."""

    async def main() -> None:
        async with site(demo_key="wk_<demo>") as at:
            page = await at.ask("GET /demo/")
            assert page.status == 200
            assert "script-src 'self'" in page.headers["content-security-policy"]
            assert (await at.ask("GET /demo/config.json")).json == {"key": "wk_<demo>"}
            moved = await at.ask("GET /demo")
            assert (moved.status, moved.headers["location"]) == (308, "demo/")
        async with site() as at:
            assert (await at.ask("GET /demo/")).status == 404
            assert (await at.ask("GET /demo/config.json")).status == 404

    run(main)


def test_requests_follow_each_other_on_one_socket() -> None:
    """Keep-alive, pipelining and `Connection: close` are those of HTTP/1.1."""

    async def main() -> None:
        async with site() as at:
            raw = await Raw.connect(at.port)
            for _ in range(3):
                raw.writer.write(request("GET /healthz"))
                assert (await answer_of(raw)).status == 200
            raw.writer.write(
                request("GET /healthz")
                + request("POST /v1/events", body=b"{}")
                + request("GET /nothing")
                + request("GET /readyz", "Connection: close")
            )
            assert [(await answer_of(raw)).status for _ in range(4)] == [200, 200, 404, 200]
            assert await raw.rest() == b""
            await raw.aclose()
            assert at.rig.gate.refused == dict.fromkeys(("total", "ip", "ip_rate", "rate", "overload", "draining"), 0)

    run(main)
