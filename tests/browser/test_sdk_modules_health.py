"""The SDK's modules for errors and web vitals, in real Chromium and against a real gateway."""

from __future__ import annotations

import json

import pytest

from tests.browser.visitor import Visitor

BROKEN = """
<script>
  function throwLater(message) { setTimeout(() => { throw new TypeError(message); }); }
</script>
<img src='/none.png'>
"""
ORACLE = """<script type='module'>
  import * as google from '/web-vitals.js';
  const found = {};
  const keep = ({ name, value, rating }) => {
    found[name] = [value, rating];
    localStorage.oracle = JSON.stringify(found);
  };
  for (const name of ['CLS', 'FCP', 'INP', 'LCP', 'TTFB']) google[`on${name}`](keep);
</script>
<style>p { margin: 0 }</style>
<div id='late'></div><p>Large enough to be the largest<p>More
<button onclick='const until = performance.now() + 120; while (performance.now() < until);'>Slow</button>
<button onclick=''>Quick</button>
<script>setTimeout(() => { late.style.height = '200px'; globalThis.moved = true; }, 300)</script>"""


def later(visitor: Visitor, script: str) -> None:
    """Run a script in a task of its own, and wait until that is over."""
    visitor.page.evaluate(
        f"() => new Promise((resolve) => {{ setTimeout(() => {{ {script} }}); setTimeout(resolve); }})"
    )


def test_an_error_is_told_once_and_its_repetitions_are_counted(visitor: Visitor) -> None:
    """The first goes out at once, the others as one event with their number, when the page is left at the latest."""
    visitor.site.pages["/broken"] = BROKEN
    visitor.open("/broken", "errors")
    visitor.page.evaluate(
        """async () => {
          for (let i = 0; i < 5; i++) throwLater('no such thing');
          await new Promise((resolve) => setTimeout(resolve));
        }"""
    )
    (first,) = visitor.told("$exception")
    assert (first["$exception_type"], first["$exception_message"]) == ("TypeError", "no such thing")
    assert "throwLater" in first["$exception_stack"] or "/broken" in first["$exception_stack"]
    assert first["$exception_source"] == f"{visitor.site.origin}/broken"
    assert first["$exception_count"] == 1
    assert len(visitor.errors) >= 4
    visitor.leave()
    assert visitor.told("$exception", 2)[1]["$exception_count"] == 4


def test_rejections_are_told(visitor: Visitor) -> None:
    """Of whatever a promise was rejected with."""
    visitor.open("/page", "errors")
    later(visitor, "Promise.reject(new RangeError('too far')); Promise.reject('just so'); Promise.reject(undefined);")
    told = visitor.told("$exception", 3)
    assert [(event["$exception_type"], event["$exception_message"]) for event in told] == [
        ("RangeError", "too far"),
        ("UnhandledRejection", "just so"),
        ("UnhandledRejection", "undefined"),
    ]


def test_a_swarm_of_errors_is_bounded(visitor: Visitor) -> None:
    """A page that throws something else each time is told of twenty times, and how many more there were."""
    visitor.open("/page", "errors")
    later(
        visitor,
        "for (let i = 0; i < 300; i++) Promise.reject('error ' + String.fromCharCode(97 + i % 26, 97 + i / 26));",
    )
    visitor.told("$exception", 20)
    visitor.done()
    assert len(visitor.events("$exception")) == 20


def test_an_error_in_telling_is_not_told(visitor: Visitor) -> None:
    """A page whose own listener reports an error for each event does not drive itself round in circles."""
    visitor.open("/page", "errors")
    visitor.page.evaluate("() => void tidegate.on('capture', () => reportError(new Error('in the listener')))")
    later(visitor, "throw new Error('outside')")
    visitor.done()
    told = [event["properties"]["$exception_message"] for event in visitor.events("$exception")]
    assert told.count("outside") == 1
    assert told.count("in the listener") <= 1


def test_a_foreign_script_keeps_its_secrets(visitor: Visitor) -> None:
    """An error of which the browser says nothing is marked as such."""
    other = visitor.site.at("localhost")
    visitor.site.scripts["/throws.js"] = "throw new Error('hidden from the page')"
    visitor.open("/page", "errors")
    visitor.page.add_script_tag(url=f"{other}/throws.js")
    (told,) = visitor.told("$exception")
    assert (told["$exception_message"], told["$exception_cross_origin"]) == ("Script error.", True)


def test_web_vitals_reach_the_board(visitor: Visitor) -> None:
    """What loading took is told by itself; what is known at the end goes out when the page is left."""
    visitor.site.pages["/vital"] = "<h1>Large</h1><button onclick='this.textContent = 1'>Press</button>"
    visitor.open("/vital", "vitals")
    (early,) = visitor.told("$web_vitals")
    assert early["$web_vitals_FCP_value"] > 0
    assert early["$web_vitals_TTFB_rating"] in ("good", "needs-improvement", "poor")
    visitor.page.get_by_text("Press").click()
    visitor.leave()
    late = visitor.told("$web_vitals", 2)[-1]
    assert late["$web_vitals_LCP_value"] >= early["$web_vitals_FCP_value"]
    assert late["$web_vitals_CLS_value"] == 0
    rows = visitor.gateway.rows("largest_paint_p75")
    assert rows


def test_web_vitals_are_googles(visitor: Visitor) -> None:
    """Each value and rating is what Google's package finds on the same page, of loading, shifts and interactions."""
    visitor.site.pages["/vital"] = ORACLE
    visitor.open("/vital", "vitals")
    visitor.page.wait_for_function("() => globalThis.moved")
    for name in ("Quick", "Slow", "Quick"):
        visitor.page.get_by_role("button", name=name).click()
    visitor.page.keyboard.press("a")
    visitor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    visitor.leave()
    visitor.page.goto(f"{visitor.site.origin}/page")
    oracle = json.loads(visitor.page.evaluate("() => localStorage.oracle"))
    assert oracle["CLS"][0] > 0
    assert oracle["INP"][0] >= 120
    visitor.told("$web_vitals", where=lambda event: "$web_vitals_INP_value" in event["properties"])
    ours: dict[str, object] = {}
    for event in visitor.events("$web_vitals"):
        ours |= {name: value for name, value in event["properties"].items() if name.startswith("$web_vitals_")}
    assert ours == {
        f"$web_vitals_{name}_{part}": pytest.approx(value, abs=0.001) if part == "value" else value
        for name, found in oracle.items()
        for part, value in zip(("value", "rating"), found, strict=True)
    }
