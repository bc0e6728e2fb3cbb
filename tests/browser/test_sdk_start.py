"""How the SDK gets going: its tag, calls before it is there, modules, and events before it can deliver."""

from __future__ import annotations

from functools import partial
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route

from tests.browser.driving import alone, capture, flush, ledger, load, numbered, start
from tests.browser.model_server import ModelServer
from tests.browser.pages import ROOT

README = (ROOT / "client_sdk" / "browser" / "README.md").read_text("utf-8")
"""Its snippet is the one that is tested."""
STUB = (
    README[README.index("<script>\n(function") : README.index("</script>", README.index("<script>\n(function"))]
    + "</script>"
)
# A page that is prerendered until `activate` is called. Chromium prerenders nothing that is driven as these pages are.
PRERENDERED = """
globalThis.waiting = true;
Object.defineProperty(Document.prototype, 'prerendering', { get: () => globalThis.waiting });
globalThis.activate = () => {
  globalThis.waiting = false;
  document.dispatchEvent(new Event('prerenderingchange'));
};
"""
MODULE = """
export function start(tidegate, options) {
  tidegate.capture('module started', { ...options, url: tidegate.maskUrl('/a?token=1') });
  return () => tidegate.capture('module stopped');
}
"""


def serve(context: BrowserContext, server: ModelServer, html: str) -> Page:
    """A page of the server's origin with this text."""
    server.own = html
    tab = context.new_page()
    tab.goto(f"{server.url}/own")
    tab.wait_for_function("() => typeof globalThis.tidegate?.ledger === 'function'")
    return tab


def properties(server: ModelServer, name: str) -> dict[str, Any]:
    """Properties of the one event with this name."""
    (found,) = [event for event in server.events if event["event"] == name]
    own: dict[str, Any] = found["properties"]
    return own


def test_calls_from_before_the_script_are_kept(context: BrowserContext, server: ModelServer) -> None:
    """What the page called on the stub happens once the SDK is there, at its own time and in order."""
    tab = serve(
        context,
        server,
        f"{STUB}<script>tidegate.init('wk_test', {{ pageview: false }}); tidegate.register({{ plan: 'pro' }});"
        "globalThis.called = [Date.now()]; tidegate.capture('early', { n: 1 }); called.push(Date.now());"
        "tidegate.capture('dated', {}, { timestamp: 1795334400000 }); tidegate.identify('u1');</script>"
        "<script type='module' src='/sdk.js'></script>",
    )
    assert flush(tab)
    early, dated, identify = server.events
    assert [event["event"] for event in server.events] == ["early", "dated", "$identify"]
    assert early["properties"]["plan"] == "pro"
    before, after = tab.evaluate("() => called")
    assert before <= early["timestamp"] <= after
    assert dated["timestamp"] == 1_795_334_400_000
    assert identify["distinct_id"] == "u1"


def test_settings_on_the_tag(context: BrowserContext, server: ModelServer) -> None:
    """A tag with a key needs no script of the page, and takes every setting."""
    tab = serve(
        context,
        server,
        "<script type='module' src='/sdk.js' data-key='wk_tag' data-name='shop' data-query-allow='[\"q\"]'></script>",
    )
    assert flush(tab)
    assert server.names() == ["$pageview"]
    assert server.hellos[0]["token"] == "wk_tag"
    assert tab.evaluate("() => Object.keys(localStorage).every((key) => key.startsWith('shop:'))")


def test_modules_are_loaded_when_named(page: Page, server: ModelServer) -> None:
    """A named module runs with its options and stops with the SDK; one that is not there is told and harms nobody."""
    page.route("**/sdk/modules/mine.js", lambda r: r.fulfill(body=MODULE, content_type="text/javascript"))
    page.evaluate("() => { globalThis.told = []; tidegate.on('module', (report) => told.push(report)); }")
    start(page, modules=["mine", "missing"], mine={"level": 3})
    page.wait_for_function("() => told.length === 2")
    assert sorted(page.evaluate("() => told.map(({ name, error }) => [name, !!error])")) == [
        ["mine", False],
        ["missing", True],
    ]
    assert flush(page)
    started = properties(server, "module started")
    assert (started["level"], started["url"]) == (3, "/a?token=***")
    page.evaluate("() => tidegate.shutdown()")
    server.wait(lambda: server.names() == ["module started", "module stopped"])


def test_people_groups_and_resets(page: Page, server: ModelServer) -> None:
    """Alias, group, registered properties and reset, over a reload too."""
    start(page)
    page.evaluate(
        """() => {
          tidegate.register({ plan: 'pro', step: 1 });
          tidegate.unregister('step');
          tidegate.identify('u1');
          tidegate.alias('other');
          tidegate.group('company', 'acme', { size: 5 });
        }"""
    )
    assert flush(page)
    load(page, server)
    start(page)
    capture(page, "member")
    page.evaluate("() => tidegate.reset()")
    capture(page, "stranger")
    assert flush(page)
    assert properties(server, "$create_alias")["alias"] == "other"
    group = properties(server, "$groupidentify")
    assert (group["$group_type"], group["$group_key"], group["$group_set"]) == ("company", "acme", {"size": 5})
    member, stranger = server.events[-2:]
    assert member["distinct_id"] == "u1"
    assert member["properties"]["$groups"] == {"company": "acme"}
    assert member["properties"]["plan"] == "pro"
    assert "step" not in member["properties"]
    assert stranger["distinct_id"] != "u1"
    assert stranger["session_id"] != member["session_id"]
    assert not {"plan", "$groups"} & set(stranger["properties"])


def test_what_cannot_be_registered_spoils_nothing(page: Page, server: ModelServer) -> None:
    """A cycle is refused, and later events go on without it; a big integer is kept as text."""
    start(page)
    page.evaluate(
        """() => {
          const cycle = {};
          cycle.cycle = cycle;
          tidegate.register({ plan: 'pro', big: 10n });
          tidegate.register({ cycle });
        }"""
    )
    capture(page, "fine")
    assert flush(page)
    own = properties(server, "fine")
    assert (own["plan"], own["big"]) == ("pro", "10")
    assert ledger(page)["rejected"] == 0


def test_a_connection_is_no_sign_of_life(page: Page, server: ModelServer) -> None:
    """Whoever is away for longer than a session lasts has ended it, however often the page connected meanwhile."""
    start(page)
    capture(page, "before")
    assert flush(page)
    for hellos in (2, 3):
        page.evaluate("(ms) => { const real = Date.now; Date.now = () => real.call(Date) + ms; }", 20 * 60_000)
        server.close_all(4200)
        server.wait(partial(lambda wanted: len(server.hellos) == wanted, hellos))
    capture(page, "after")
    assert flush(page)
    before, after = server.events
    assert before["session_id"] != after["session_id"]


def test_events_are_safe_before_delivery_is_loaded(page: Page, server: ModelServer) -> None:
    """While the second part cannot be loaded events are stored; it is tried again, and a reload delivers them too."""
    blocked = [True]

    def gate(route: Route) -> None:
        if blocked[0]:
            route.abort()
        else:
            route.continue_()

    page.route("**/sdk/delivery*.js", gate)
    start(page)
    capture(page, *numbered(0, 120))
    page.wait_for_function("() => Object.keys(localStorage).filter((key) => key.includes(':early:')).length === 121")
    load(page, server)
    start(page)
    capture(page, "second page")
    assert ledger(page)["pending"] == 1
    blocked[0] = False
    page.evaluate("() => dispatchEvent(new Event('online'))")
    assert flush(page)
    server.wait(lambda: len(server.uuids) == 121)
    assert sorted(server.names()) == sorted([*numbered(0, 120), "second page"])
    page.wait_for_function("() => tidegate.ledger().pending === 0")
    assert not page.evaluate("() => Object.keys(localStorage).some((key) => key.includes(':early:'))")
    capture(page, "with delivery")
    assert flush(page)
    windows = {event["event"]: event["window_id"] for event in server.events}
    assert windows["second page"] == windows["with delivery"] != windows["e0"]


def test_a_page_left_before_delivery_is_loaded_sends_a_beacon(page: Page, server: ModelServer) -> None:
    """The first events of a short visit arrive at once, and only once when the next page finds them."""
    page.route("**/sdk/delivery*.js", lambda route: route.abort())
    start(page)
    capture(page, "a", "b")
    page.goto("about:blank")
    server.wait(lambda: len(server.events) == 2)
    post = server.posts[0]  # hiding sends one, and leaving the same again
    assert all(other["events"] == post["events"] for other in server.posts)
    assert (post["seq"], post["producer"]["epoch"]) == (1, 1)
    assert post["defaults"]["properties"]["$browser"] == "Chrome"
    page.unroute("**/sdk/delivery*.js")
    load(page, server)
    alone(page)
    start(page)
    capture(page, "c")
    assert flush(page)
    page.wait_for_function("() => tidegate.ledger().pending === 0")
    assert server.names() == ["a", "b", "c"]
    assert ledger(page)["duplicate"] == 2


def test_a_clock_that_is_set_while_the_page_is_open(page: Page, server: ModelServer) -> None:
    """Batching, sending and ids do not depend on the clock: set back or forth, each event arrives once and in order."""
    start(page)
    capture(page, "now")
    assert flush(page)
    for name, shift in (("back", -86_400_000), ("forth", 30 * 86_400_000)):
        page.evaluate("(shift) => { const real = Date.now; Date.now = () => real.call(Date) + shift; }", shift)
        capture(page, name)
        assert flush(page)
    assert server.names() == ["now", "back", "forth"]
    uuids = [event["uuid"] for event in server.events]
    assert uuids == sorted(uuids)
    assert ledger(page)["accepted"] == 3


def test_a_listener_may_capture(page: Page, server: ModelServer) -> None:
    """Events captured by listeners, at whatever moment they are told something, arrive like others."""
    page.evaluate(
        """() => {
          globalThis.heard = [];
          for (const name of ['state', 'capture', 'ack'])
            tidegate.on(name, () => {
              if (heard.includes(name)) return;
              heard.push(name);
              tidegate.capture(`on ${name}`);
            });
        }"""
    )
    start(page)
    capture(page, "first")
    server.wait(lambda: len(server.events) == 4)
    assert flush(page)
    assert sorted(server.names()) == ["first", "on ack", "on capture", "on state"]
    assert ledger(page)["accepted"] == 4


def test_the_tag_of_another_script_is_not_ours(context: BrowserContext, server: ModelServer) -> None:
    """A `data-key` on somebody else's script starts nothing."""
    tab = serve(
        context, server, "<script src='/other.js' data-key='x'></script><script type='module' src='/sdk.js'></script>"
    )
    capture(tab, "a")
    assert flush(tab) is False
    assert tab.evaluate("() => Object.keys(localStorage)") == []


def test_what_is_prerendered_is_counted_when_it_is_shown(page: Page, server: ModelServer) -> None:
    """Nobody has seen it before, and maybe nobody will: nothing is stored or asked for. Then all is done, in order."""
    page.add_init_script(PRERENDERED)
    load(page, server)
    start(page, pageview=True)
    capture(page, "early")
    page.evaluate("() => tidegate.identify('u1')")
    assert ledger(page)["sent"] == 0
    assert flush(page) is False
    assert page.evaluate("() => Object.keys(localStorage)") == []
    assert server.hellos == []
    shown = page.evaluate("() => { activate(); return Date.now(); }")
    capture(page, "late")
    assert flush(page)
    assert server.names() == ["$pageview", "early", "$identify", "late"]
    assert abs(server.events[0]["timestamp"] - shown) < 60_000
    assert [event["distinct_id"] for event in server.events[2:]] == ["u1", "u1"]


def test_a_prerendered_page_that_is_never_shown_leaves_no_trace(page: Page, server: ModelServer) -> None:
    """Neither when it is thrown away, nor when the next page looks for what others have left."""
    page.add_init_script(PRERENDERED)
    load(page, server)
    start(page, pageview=True)
    page.evaluate("() => { tidegate.optIn(); tidegate.shutdown(); activate(); }")
    capture(page, "after the end")
    load(page, server)
    start(page)
    page.evaluate("() => activate()")
    capture(page, "seen")
    assert flush(page)
    assert server.names() == ["seen"]
    assert server.posts == []
