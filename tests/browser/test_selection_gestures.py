"""Selecting by rubber band, Shift with the arrows, Ctrl+A, Ctrl and a click, and a long press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.support.browser import Watch


def results(watch: Watch, **options: bool) -> Page:
    page = watch.page(**options)
    page.goto("/?kind=image")
    return page


def checked(page: Page) -> Locator:
    return page.locator(".grid .pick:checked")


def test_a_rubber_band_selects_what_it_touches(watch: Watch) -> None:
    """From beside the pictures; no text is selected, and nothing is dragged or opened."""
    page = results(watch)
    first = page.locator(".grid .card").first.bounding_box()
    second = page.locator(".grid .card").nth(1).bounding_box()
    page.mouse.move(first["x"] - 6, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(second["x"] + 10, second["y"] + 40, steps=5)
    expect(page.locator(".rubber-band")).to_be_visible()
    page.mouse.up()
    expect(page.locator(".rubber-band")).to_have_count(0)
    expect(checked(page)).to_have_count(2)
    assert page.evaluate("getSelection().toString()") == ""
    # With Shift from a picture; what was selected before stays.
    third = page.locator(".grid .card").nth(2).bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(third["x"] + 30, third["y"] + 30)
    page.mouse.down()
    page.mouse.move(third["x"] + 60, third["y"] + 60, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(checked(page)).to_have_count(3)
    assert page.url.endswith("/?kind=image")


def test_keys_select_ranges_and_all(watch: Watch) -> None:
    page = results(watch)
    pictures = page.locator(".grid .picture")
    pictures.nth(1).focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(checked(page)).to_have_count(3)
    page.keyboard.press("Shift+ArrowLeft")
    expect(checked(page)).to_have_count(2)
    expect(pictures.nth(2)).to_be_focused()
    page.keyboard.press("Control+a")
    expect(checked(page)).to_have_count(pictures.count())
    page.keyboard.press("Control+a")
    page.wait_for_url("**/selections/**")


def test_outside_a_card_the_keys_are_those_of_the_browser(watch: Watch) -> None:
    page = results(watch)
    page.keyboard.press("Control+a")
    expect(checked(page)).to_have_count(0)
    assert page.evaluate("getSelection().toString()") != ""


def test_ctrl_and_a_click_select_while_something_is_selected(watch: Watch) -> None:
    """Otherwise it opens a new tab, as in every page."""
    page = results(watch)
    cards = page.locator(".grid .card")
    with page.context.expect_page() as opened:
        cards.nth(3).locator(".picture").click(modifiers=["Control"])
    opened.value.close()
    cards.first.locator(".pick").check()
    cards.nth(3).locator(".picture").click(modifiers=["Control"])
    expect(checked(page)).to_have_count(2)


def test_a_long_press_selects_and_then_taps_do(watch: Watch) -> None:
    page = results(watch, has_touch=True)
    card = page.locator(".grid .card").first
    box = card.bounding_box()
    at = {"clientX": box["x"] + box["width"] / 2, "clientY": box["y"] + box["height"] / 2}
    touch = {**at, "pointerType": "touch", "isPrimary": True, "button": 0, "bubbles": True}
    card.locator(".picture").dispatch_event("pointerdown", touch)
    expect(checked(page)).to_have_count(1)
    card.locator(".picture").dispatch_event("pointerup", touch)
    card.locator(".picture").dispatch_event("click", {**touch, "cancelable": True})
    expect(checked(page)).to_have_count(1)
    page.locator(".grid .card").nth(1).locator(".picture").tap()
    expect(checked(page)).to_have_count(2)
    assert page.url.endswith("/?kind=image")


def test_all_of_a_search_is_not_what_is_closest_in_meaning(watch: Watch) -> None:
    """Ctrl+A selects the hits, which are counted; the assets below the line stay as they are."""
    page = watch.page()
    page.goto("/?query=red+castle&hitsPerPage=100")
    total = page.locator("[data-total-hits]").get_attribute("data-total-hits")
    expect(page.locator(".closest-hits .card").first).to_be_attached()
    page.locator(".results > .grid .picture").first.focus()
    page.keyboard.press("Control+a")
    expect(page.locator(".selection output")).to_have_text(f"{total} selected")
    expect(page.locator(".closest-hits .pick:checked")).to_have_count(0)
