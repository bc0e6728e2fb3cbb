"""The SDK's modules for page views and scrolling, in real Chromium and against a real gateway."""

from __future__ import annotations

from tests.browser.visitor import Visitor, logged
from tests.e2e.gateway_process import WRITE_KEY

EVERY = ("pageviews", "clicks", "scroll", "rage", "dead", "errors", "forms", "outbound")
FORM = "<form onsubmit='return false'><input aria-label='Name'><button>Send</button></form>"
NOTE_MODULES = """globalThis.started = [];
let sdk;
Object.defineProperty(globalThis, 'tidegate', {
  get: () => sdk,
  set(api) { sdk = api; api.on('module', ({ name, error }) => { if (!error) started.push(name); }); },
});"""
NATIVE = "function pushState() { [native code] }"
TALL = "<div style='height: 5000px'>tall</div>"


def test_a_page_without_modules_loads_none(visitor: Visitor) -> None:
    """What was not asked for is not even fetched."""
    visitor.open("/page")
    visitor.done()
    assert not [line for line in visitor.wire if "/modules/" in line]


def test_the_tag_alone_is_enough(visitor: Visitor) -> None:
    """Modules and their options can stand on the script's tag."""
    visitor.site.tag = f"""data-key='{WRITE_KEY}' data-modules='pageviews, clicks' data-pageviews='{{"hash": true}}'"""
    visitor.site.pages["/tag"] = "<a href='#part'>Part</a>"
    visitor.page.add_init_script(NOTE_MODULES)
    with visitor.page.expect_request("**/modules/clicks.js"), visitor.page.expect_request("**/modules/pageviews.js"):
        visitor.page.goto(f"{visitor.site.origin}/tag")
    visitor.page.wait_for_function("() => started.sort().join() === 'clicks,pageviews'")
    visitor.page.get_by_text("Part").click()
    assert visitor.told("$autocapture")[0]["$el_text"] == "Part"
    assert [view.get("navigation_type") for view in visitor.told("$pageview", 2)] == [None, "popstate"]


def test_who_opts_out_is_not_watched(visitor: Visitor) -> None:
    """Modules watch while the choice is open; their events go out with the consent; after a refusal they are gone."""
    visitor.site.pages["/button"] = "<button>Press</button>"
    visitor.open("/button", "clicks", consent="pending")
    visitor.page.get_by_role("button").click()
    assert visitor.events("$autocapture") == []
    visitor.page.evaluate("() => tidegate.optIn()")
    visitor.told("$autocapture")
    visitor.page.evaluate("() => tidegate.optOut()")
    visitor.page.get_by_role("button").click()
    visitor.page.evaluate("() => tidegate.optIn()")
    visitor.done()
    assert len(visitor.events("$autocapture")) == 1


def test_navigation_within_a_page_is_views(visitor: Visitor) -> None:
    """Each change of the path is one view with its kind and the page before; query and fragment alone are none."""
    visitor.open("/page", "pageviews", pageview=True)
    visitor.page.evaluate(
        """async () => {
          const task = () => new Promise((resolve) => setTimeout(resolve));
          history.pushState({}, '', '/a?token=hush'); await task();
          history.pushState({}, '', '/a?sort=1'); await task();
          location.hash = 'part'; await task();
          history.pushState({}, '', '/b'); history.replaceState({}, '', '/c'); await task();
          history.replaceState({}, '', '/d'); await task();
        }"""
    )
    visitor.page.go_back()
    visitor.page.wait_for_function("() => location.pathname === '/a'")
    views = visitor.told("$pageview", 5)
    assert [view["$pathname"] for view in views] == ["/page", "/a", "/c", "/d", "/a"]
    assert [view.get("navigation_type") for view in views] == [
        None,
        "pushState",
        "pushState",
        "replaceState",
        "popstate",
    ]
    assert views[2]["$referrer"].endswith("/a?token=***")
    leaves = visitor.told("$pageleave", 4)
    assert [leave["$pathname"] for leave in leaves] == ["/page", "/a", "/c", "/d"]
    assert all(0 <= leave["$prev_pageview_duration"] < 60 for leave in leaves)
    assert visitor.errors == []


def test_navigation_past_history_is_views_too(visitor: Visitor) -> None:
    """By the Navigation API, and by methods that a router had taken before the SDK came: each once."""
    visitor.site.pages["/router"] = """
      <script>
        const early = history.pushState;
        navigation.addEventListener('navigate', (event) => event.canIntercept && event.intercept());
        const clicked = () => new Promise((done) => {
          navigation.addEventListener('navigatesuccess', done, { once: true });
          document.querySelector('a').click();
        });
      </script>
      <a href='/link'>Link</a>"""
    visitor.open("/router", "pageviews")
    for move in (
        "navigation.navigate('/one').finished",
        "navigation.navigate('/two', { history: 'replace' }).finished",
        "early.call(history, {}, '', '/three')",
        "history.pushState({}, '', '/four')",
        "clicked()",
        "navigation.back().finished",
    ):
        visitor.page.evaluate(f"async () => {{ await {move}; await new Promise((then) => setTimeout(then)); }}")
    views = visitor.told("$pageview", 6)
    assert [(view["$pathname"], view["navigation_type"]) for view in views] == [
        ("/one", "navigation"),
        ("/two", "navigation"),
        ("/three", "navigation"),
        ("/four", "pushState"),
        ("/link", "navigation"),
        ("/four", "popstate"),
    ]
    leaves = visitor.told("$pageleave", 6)
    assert [leave["$pathname"] for leave in leaves] == ["/router", "/one", "/two", "/three", "/four", "/link"]


def test_query_and_fragment_are_views_by_option(visitor: Visitor) -> None:
    """With `search` and `hash` their changes are views too, a fragment's just once."""
    visitor.open("/page", "pageviews", pageviews={"search": True, "hash": True})
    visitor.page.evaluate(
        """async () => {
          const task = () => new Promise((resolve) => setTimeout(resolve, 20));
          history.pushState({}, '', '?sort=1'); await task();
          location.hash = 'part'; await task();
        }"""
    )
    assert [view["navigation_type"] for view in visitor.told("$pageview", 2)] == ["pushState", "popstate"]


def test_leaving_ends_the_view(visitor: Visitor) -> None:
    """A page that is left says so, under its own address, before it is gone."""
    visitor.open("/page?token=hush", "pageviews")
    visitor.leave()
    (leave,) = visitor.told("$pageleave")
    assert leave["$pathname"] == leave["$prev_pageview_pathname"] == "/page"
    assert leave["$current_url"].endswith("/page?token=***")
    assert "hush" not in "".join(visitor.wire)


def test_scrolling_is_told_with_the_end_of_a_view(visitor: Visitor) -> None:
    """Depth in pixels and as a share, and the time in which somebody was there; each view has its own."""
    visitor.site.pages["/tall"] = TALL
    visitor.open("/tall", "pageviews", "scroll")
    most = visitor.page.evaluate("() => document.documentElement.scrollHeight - innerHeight")
    visitor.page.mouse.wheel(0, 1_000)
    visitor.page.wait_for_function("() => scrollY >= 999")
    visitor.page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    visitor.page.evaluate("() => history.pushState({}, '', '/next')")
    visitor.leave()
    first, second = visitor.told("$pageleave", 2)
    assert first["$prev_pageview_max_scroll"] == 1_000
    assert first["$prev_pageview_max_scroll_percentage"] == round(1_000 / most, 2)
    assert 0 < first["$prev_pageview_engaged_time"] <= first["$prev_pageview_duration"] + 1
    assert second["$pathname"] == "/next"
    assert visitor.events("$scroll") == []


def test_scrolling_alone_has_an_event_of_its_own(visitor: Visitor) -> None:
    """Without page views it is told when the page is left, and where the page captures a view by itself."""
    visitor.open("/page", "scroll")
    visitor.page.evaluate("() => { history.pushState({}, '', '/next'); tidegate.page(); }")
    visitor.leave()
    first, second = visitor.told("$scroll", 2)
    assert (first["$pathname"], second["$pathname"]) == ("/page", "/next")
    assert (first["$prev_pageview_max_scroll"], first["$prev_pageview_max_scroll_percentage"]) == (0, 1)


def test_an_element_that_scrolls_is_measured_by_option(visitor: Visitor) -> None:
    """Where not the page scrolls but a part of it, a selector says which."""
    visitor.site.pages["/part"] = f"<div id='part' style='height: 200px; overflow: auto'>{TALL}</div>"
    visitor.open("/part", "scroll", scroll={"root": "#part"})
    visitor.page.evaluate(
        """() => new Promise((resolve) => {
          part.scrollTop = 2400;
          requestAnimationFrame(() => requestAnimationFrame(resolve));
        })"""
    )
    visitor.leave()
    (told,) = visitor.told("$scroll")
    assert (told["$prev_pageview_max_scroll"], told["$prev_pageview_max_scroll_percentage"]) == (2_400, 0.5)


def test_stopped_modules_are_gone(visitor: Visitor) -> None:
    """After `shutdown` the history is the browser's own again, and nothing that happens is captured any more."""
    visitor.site.pages["/all"] = FORM
    visitor.open("/all", *EVERY)
    assert visitor.page.evaluate("() => String(history.pushState)") != NATIVE
    visitor.page.get_by_role("button").click()
    visitor.told("$autocapture")
    visitor.page.evaluate("() => tidegate.shutdown()")
    assert visitor.page.evaluate("() => String(history.pushState)") == NATIVE
    visitor.start()
    visitor.page.get_by_role("textbox").fill("x")
    visitor.page.get_by_role("button").click(click_count=3)
    visitor.page.evaluate("() => { setTimeout(() => { throw new Error('later'); }); history.pushState({}, '', '/x'); }")
    visitor.page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    visitor.done()
    assert {event["event"] for event in logged(visitor.gateway)} == {"$autocapture", "$form_submit", "done"}
