"""What nobody may learn from the SDK's modules: with secrets planted everywhere, none is on the wire or in the log."""

from __future__ import annotations

import json

from tests.browser.visitor import Visitor, logged

FIELDS = """
<form id='account' name='account' action='/none?token=planted-action' onsubmit='return false'>
  <input name='id' id='user' value='planted-value' placeholder='planted-placeholder'>
  <input name='children' type='number'>
  <input name='password' type='password'>
  <input type='hidden' name='csrf' value='planted-hidden'>
  <textarea name='note'>planted-textarea</textarea>
  <select name='plan'><option value='planted-a'>planted-option-a</option><option>planted-option-b</option></select>
  <input type='checkbox' name='agree' value='planted-box'>
  <input type='submit' value='planted-submit'>
</form>
<div id='editor' contenteditable>planted-editable <b>planted-bold</b></div>
<div data-tidegate-mask id='masked'>planted-masked <button>planted-button</button>
  <a onclick='return false' href='/files/planted-masked.pdf'>planted-link</a></div>
<button id='half' aria-label='planted-label'>Hello <span data-tidegate-mask>planted-name</span></button>
<div data-tidegate-ignore>
  <form id='quiet' onsubmit='return false'><input id='hushed'><button>planted-quiet</button></form>
  <a onclick='return false' id='gone' href='/planted-ignored.pdf'>planted-ignored</a></div>
<a id='query' href='#x?token=planted-token&email=planted-mail'>Link</a>
<div id='host'></div>
<script>
  host.attachShadow({ mode: 'open' }).innerHTML =
    '<div data-tidegate-mask><button id="deep">planted-shadow</button></div>';
</script>
"""
TYPED = ["planted-typed-1", "4111222233334444", "planted-typed-2", "planted-typed-3"]
EVERY = ("pageviews", "clicks", "scroll", "rage", "dead", "errors", "forms", "outbound", "vitals")


def test_no_secret_is_told(visitor: Visitor) -> None:
    """Values, passwords, masked and ignored text stay where they are, whatever is clicked, typed, sent and left."""
    visitor.site.pages["/account"] = FIELDS
    visitor.hurry()
    visitor.open("/account?email=planted-query&page=2", *EVERY, pageview=True)
    page = visitor.page
    fields = ["#user", "[name=children]", "[name=password]", "textarea"]
    for selector, text in zip(fields, TYPED, strict=True):
        page.locator(selector).click()
        page.locator(selector).fill(text)
    page.locator("select").select_option("planted-a")
    page.locator("[name=agree]").click()
    page.locator("#editor b").click(click_count=3)
    page.keyboard.type("planted-editing")
    for selector in ("#masked button", "#masked a", "#quiet button", "#half", "#query", "#deep"):
        page.locator(selector).click(click_count=3)
    page.locator("#hushed").fill("planted-hushed")
    page.locator("[type=submit]").click()
    page.locator("#user").fill("planted-again")
    page.evaluate("() => { setTimeout(() => { throw new Error('at https://s.example/?q=planted-error'); }); }")
    page.evaluate("() => history.pushState({}, '', '/account?secret=planted-push')")
    visitor.told("$rageclick", 5)
    visitor.leave()
    visitor.told("$form_abandon")
    sent = json.dumps(logged(visitor.gateway)) + "".join(visitor.wire)
    assert "planted" not in sent
    assert "4111222233334444" not in sent
    names = [event["event"] for event in logged(visitor.gateway)]
    assert names.count("$form_submit") == 1
    assert names.count("$autocapture") >= 10
    selectors = [event["properties"]["$el_selector"] for event in visitor.events("$rageclick")]
    assert sorted(selectors) == ["#deep", "#half", "#masked > a", "#masked > button", "#query"]
    assert [event["properties"]["$exception_message"] for event in visitor.events("$exception")] == [
        "at https://s.example/"
    ]
