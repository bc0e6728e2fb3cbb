"""The SDK's module for forms, in real Chromium and against a real gateway."""

from __future__ import annotations

from tests.browser.visitor import Visitor

FORM = """
<form id='order' name='checkout' action='/none?code=1' onsubmit='return false'>
  <input name='name'><input name='mail' type='email'><textarea name='note'></textarea>
  <input type='hidden' name='x'><button>Send</button>
</form>
<form id='search'><input name='q' form='search'></form>
"""


def test_a_form_that_is_sent(visitor: Visitor) -> None:
    """Its attributes and the number of its fields are told; it is not abandoned afterwards."""
    visitor.site.pages["/form"] = FORM
    visitor.open("/form", "forms")
    visitor.page.locator("[name=name]").fill("x")
    visitor.page.get_by_text("Send").click()
    (sent,) = visitor.told("$form_submit")
    assert (sent["$form_id"], sent["$form_name"], sent["$form_fields"]) == ("order", "checkout", 3)
    assert sent["$form_action"] == f"{visitor.site.origin}/none?code=***"
    visitor.leave()
    visitor.open("/page")
    visitor.done()
    assert visitor.events("$form_abandon") == []


def test_a_form_that_is_left(visitor: Visitor) -> None:
    """A form that was begun and not sent is told when the page is left, with how far it came and where it was."""
    visitor.site.pages["/form"] = FORM
    visitor.open("/form", "forms")
    visitor.page.locator("[name=name]").fill("x")
    visitor.page.locator("[name=mail]").fill("y")
    visitor.page.locator("[name=mail]").fill("z")
    visitor.page.evaluate("() => history.pushState({}, '', '/elsewhere')")
    visitor.leave()
    (left,) = visitor.told("$form_abandon")
    assert (left["$form_id"], left["$form_touched"], left["$form_last_field"]) == ("order", 2, "mail")
    assert left["$pathname"] == "/form"
    assert 0 <= left["$form_duration"] < 60


def test_a_form_that_only_was_looked_at(visitor: Visitor) -> None:
    """Focus alone begins nothing."""
    visitor.site.pages["/form"] = FORM
    visitor.open("/form", "forms")
    visitor.page.locator("[name=name]").focus()
    visitor.page.locator("[name=q]").fill("x")
    visitor.leave()
    (left,) = visitor.told("$form_abandon")
    assert left["$form_id"] == "search"


def test_names_of_fields_do_not_stand_in_for_the_form(visitor: Visitor) -> None:
    """Fields called like properties of a form neither break it nor are told in its place."""
    names = ("id", "name", "action", "method", "elements", "children", "childElementCount", "title")
    inputs = "".join(f"<input name='{name}' value='planted'>" for name in names)
    visitor.site.pages["/form"] = f"<form id='odd' onsubmit='return false'>{inputs}<button>Send</button></form>"
    visitor.open("/form", "forms", "clicks", "rage", "dead")
    visitor.page.get_by_text("Send").click()
    (sent,) = visitor.told("$form_submit")
    assert (sent["$form_id"], sent["$form_fields"]) == ("odd", len(names))
    assert "planted" not in "".join(visitor.wire)
    (click,) = visitor.told("$autocapture")
    assert click["$el_selector"] == "#odd > button"
    assert visitor.errors == []
