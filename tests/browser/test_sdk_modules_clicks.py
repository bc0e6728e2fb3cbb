"""The SDK's modules for clicks, in real Chromium and against a real gateway: plain, in rage, in vain and outwards."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.browser.modules_site import ModulesSite
from tests.browser.visitor import Visitor
from tests.e2e.gateway_process import GatewayProcess

CLICKS = """
<main id='shop'>
  <button class='css-1abc2 buy primary'>  Buy <b>now</b></button>
  <div id='card' style='cursor: pointer'><p>Card <i>text</i></p></div>
  <p id='plain'>Just text</p>
  <a href='#part?token=hush' role='tab'>Part</a>
  <a href='mailto:jo@mail.example'>Write to jo@mail.example</a>
  <button aria-label='Close'><svg width='9' height='9'><path d='M0 0h9v9z'/></svg></button>
  <label>Agree to the <a href='#terms'>terms</a> <input type='checkbox' value='planted'></label>
  <span data-tidegate-event='signup' data-tidegate-event-plan='pro'><button>Join</button></span>
  <div data-tidegate-ignore><button>Ignored</button></div>
  <div id='host'></div>
</main>
<script>
  const shadow = host.attachShadow({ mode: 'open' });
  shadow.innerHTML = '<button class="inner">Inside</button>';
</script>
"""


# What prototype.js does to all arrays of a page.
EXTENDED = """
Array.prototype.entries = function () { return this.slice(); };
Array.prototype.toJSON = function () { return '[' + this.map((one) => JSON.stringify(one)).join(', ') + ']'; };
"""


def test_a_click_is_told_with_selector_and_text(visitor: Visitor) -> None:
    """Whatever one can click is told, by the element that was meant; text alone is none."""
    visitor.site.pages["/clicks"] = CLICKS
    visitor.open("/clicks", "clicks")
    page = visitor.page
    page.get_by_text("now").click()
    page.get_by_text("text", exact=True).click()
    page.locator("#plain").click()
    page.get_by_role("tab").click()
    page.get_by_label("Close").locator("path").click(force=True)
    page.get_by_text("Agree").click(position={"x": 5, "y": 5})
    page.get_by_text("terms", exact=True).click()
    page.get_by_text("Inside").click()
    page.get_by_text("Buy").press("Enter")
    clicks = visitor.told("$autocapture", 8)
    assert all(click["$event_type"] == "click" for click in clicks)
    assert [(click["$el_tag"], click["$el_selector"], click.get("$el_text")) for click in clicks] == [
        ("button", "#shop > button.buy.primary", "Buy now"),
        ("div", "#card", "Card text"),
        ("a", '#shop > a[role="tab"]:nth-of-type(1)', "Part"),
        ("button", "#shop > button:nth-of-type(2)", "Close"),
        ("input", "#shop > label > input", None),
        ("a", "#shop > label > a", "terms"),
        ("button", "#host >>> button.inner", "Inside"),
        ("button", "#shop > button.buy.primary", "Buy now"),
    ]
    assert clicks[2]["$el_href"].endswith("#part?token=***")
    assert visitor.errors == []


def test_an_attribute_names_the_event(visitor: Visitor) -> None:
    """`data-tidegate-event` gives name and properties, in the place of `$autocapture`."""
    visitor.site.pages["/clicks"] = CLICKS
    visitor.open("/clicks", "clicks")
    visitor.page.get_by_text("Join").click()
    (signup,) = visitor.told("signup")
    assert signup["plan"] == "pro"
    visitor.done()
    assert visitor.events("$autocapture") == []


def test_what_is_ignored_or_a_script_does_is_no_click(visitor: Visitor) -> None:
    """Nothing is told of an ignored part of the page, and nothing of clicks that no person made."""
    visitor.site.pages["/clicks"] = CLICKS
    visitor.open("/clicks", "clicks", "rage", "dead", "outbound")
    visitor.page.get_by_text("Ignored").click(click_count=3)
    visitor.page.evaluate("() => document.querySelector('.buy').click()")
    visitor.done()
    assert visitor.events("$autocapture") == visitor.events("$rageclick") == []


def test_of_other_protocols_the_kind_is_told(visitor: Visitor) -> None:
    """An address to write or call to stays with the page, in the link and in its text."""
    visitor.site.pages["/clicks"] = CLICKS
    visitor.open("/clicks", "clicks")
    visitor.page.evaluate("() => addEventListener('click', (event) => event.preventDefault())")
    visitor.page.get_by_text("Write to").click()
    (click,) = visitor.told("$autocapture")
    assert (click["$el_href"], click["$el_text"]) == ("mailto:", "Write to ***")


def test_three_clicks_at_once_are_rage(visitor: Visitor) -> None:
    """They are told once, with the element; on two places, or on a label's box twice, they are none."""
    visitor.site.pages["/clicks"] = CLICKS
    visitor.hurry()
    visitor.open("/clicks", "rage")
    page = visitor.page
    page.get_by_text("Agree").click(click_count=2, position={"x": 5, "y": 5})
    page.get_by_text("Join").click()
    page.get_by_text("Inside").click()
    page.get_by_text("Buy").click(click_count=5)
    (rage,) = visitor.told("$rageclick")
    assert (rage["$el_selector"], rage["$el_text"]) == ("#shop > button.buy.primary", "Buy now")
    visitor.done()
    assert len(visitor.events("$rageclick")) == 1


def test_selecting_a_text_is_no_rage(visitor: Visitor) -> None:
    """A triple click in a text or a field selects; it is nobody's anger."""
    visitor.site.pages["/clicks"] = CLICKS + "<input id='field' value='some words'>"
    visitor.open("/clicks", "rage")
    visitor.page.locator("#plain").click(click_count=3)
    visitor.page.locator("#field").click(click_count=3)
    visitor.done()
    assert visitor.events("$rageclick") == []


ALIVE = {
    "changes": "<button onclick='this.title = 1'>Live</button>",
    "presses": "<button onpointerdown='document.body.title = 1'>Live</button>",
    "scrolls": "<button onclick='window.scrollTo(0, 500)'>Live</button><div style='height: 5000px'></div>",
    "navigates": "<button onclick='history.pushState(null, null, 1)'>Live</button>",
    "focuses": "<button onclick='field.focus()'>Live</button><input id='field'>",
    "selects": "<button onclick='getSelection().selectAllChildren(text)'>Live</button><p id='text'>Text</p>",
    "toggles": "<details><summary>Live</summary>More</details>",
    "submits": "<form onsubmit='return false'><button>Live</button></form>",
    "checks": "<label style='cursor: pointer'>Live <input type='checkbox'></label>",
    "writes": "<p contenteditable>Live</p>",
    "follows": "<a href='/slow'>Live</a>",
    "shadows": "<div id='host'></div><script>host.attachShadow({ mode: 'open' }).innerHTML = `<button "
    "onclick='this.title = 1'>Live</button>`</script>",
}


def test_a_click_after_which_something_happens_is_alive(
    context: BrowserContext, site: ModulesSite, gateway: GatewayProcess
) -> None:
    """On each page the dead one that comes after it is told, and it alone: its patience ran out later."""
    for name, body in ALIVE.items():
        site.pages[f"/{name}"] = f"{body}<button id='dead' style='position: fixed; bottom: 0'>Dead</button>"
        visitor = Visitor(context, site, gateway)
        visitor.open(f"/{name}", "dead")
        visitor.page.get_by_text("Live").click()
        visitor.page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 50))")
        visitor.page.locator("#dead").click()
    told = visitor.told("$dead_click", len(ALIVE))
    assert {(dead["$current_url"].split("/")[-1], dead["$el_selector"]) for dead in told} == {
        ("1" if name == "navigates" else name, "#dead") for name in ALIVE
    }


def test_a_dead_click_has_the_time_of_the_click(visitor: Visitor) -> None:
    """What only looks as if one could click it is told too, once for clicks in a row; plain text is not."""
    visitor.site.pages["/dead"] = CLICKS
    clock = visitor.page.clock
    clock.install()
    visitor.open("/dead", "dead")
    visitor.page.locator("#plain").click()
    moment = visitor.page.evaluate("() => Date.now()") + 1_000
    clock.pause_at(moment / 1_000)
    visitor.page.locator("#card").click()
    visitor.page.locator("#card").click()
    clock.run_for(2_500)
    clock.resume()
    (dead,) = visitor.told("$dead_click")
    assert dead["$el_selector"] == "#card"
    (event,) = visitor.events("$dead_click")
    assert event["timestamp"] == moment


def test_ways_out_are_told_before_the_page_is_left(visitor: Visitor) -> None:
    """A link to another site is in the log although the page is gone at once, without user, password and secrets."""
    other = visitor.site.at("localhost")
    away = other.replace("//", "//jo:planted@")
    visitor.site.pages["/out"] = f"<a href='{away}/page?token=hush'>Away</a>"
    visitor.open("/out", "outbound")
    visitor.page.get_by_text("Away").click()
    (click,) = visitor.told("$outbound_click")
    assert click["$external_click_url"] == f"{other}/page?token=***"
    assert click["$external_click_host"] == f"localhost:{visitor.site.port}"
    assert click["$el_text"] == "Away"


def test_every_way_of_following_a_link_counts(visitor: Visitor) -> None:
    """Middle button and keyboard too; the right button, one's own site and one's other domains do not."""
    other = visitor.site.at("localhost")
    visitor.site.pages["/out"] = (
        f"<a id='out' href='http://elsewhere.example/' target='_blank'>Away</a><a id='own' href='/none'>Own</a>"
        f"<a id='mine' href='{other}/none'>Mine</a>"
    )
    visitor.open("/out", "outbound", outbound={"domains": ["localhost"]})
    visitor.page.locator("#own").click()
    visitor.page.locator("#mine").click()
    visitor.page.locator("#out").click(button="right")
    visitor.page.evaluate("() => addEventListener('auxclick', (event) => event.preventDefault())")
    visitor.page.locator("#out").click(button="middle")
    visitor.told("$outbound_click")
    visitor.page.evaluate("() => addEventListener('click', (event) => event.preventDefault())")
    visitor.page.locator("#out").focus()
    visitor.page.keyboard.press("Enter")
    visitor.told("$outbound_click", 2)


def test_files_are_downloads(visitor: Visitor) -> None:
    """By extension or by attribute; the extensions may be given."""
    visitor.site.pages["/files"] = (
        "<a href='/a.PDF?key=1'>Paper</a><a href='/b.html'>Page</a><a href='/c' download='c.bin'>Data</a>"
    )
    visitor.open("/files", "outbound")
    for text in ("Paper", "Page", "Data"):
        visitor.page.get_by_text(text).click()
    paper, data = visitor.told("$file_download", 2)
    assert (paper["$file_extension"], data["$file_extension"]) == ("pdf", "bin")
    assert paper["$file_url"].startswith(f"{visitor.site.origin}/a.PDF")
    visitor.open("/files", "outbound", outbound={"extensions": ["html"]})
    visitor.page.get_by_text("Paper").click()
    visitor.page.get_by_text("Page").click()
    assert visitor.told("$file_download", 3)[-1]["$file_extension"] == "html"


def test_a_library_that_changes_all_arrays_costs_nothing(visitor: Visitor) -> None:
    """Clicks are told, and events are sent in a form that it does not spoil."""
    visitor.page.add_init_script(EXTENDED)
    visitor.site.pages["/old"] = "<main id='shop'><button>Buy</button></main>"
    visitor.open("/old", "clicks", "rage", "outbound")
    visitor.page.get_by_text("Buy").click()
    visitor.page.evaluate(
        "() => { for (let i = 0; i < 30; i++) tidegate.capture('same', { text: 'again and again' }); }"
    )
    assert visitor.page.evaluate("() => tidegate.flush()") is True
    assert visitor.told("$autocapture")[0]["$el_selector"] == "#shop > button"
    visitor.told("same", 30)
