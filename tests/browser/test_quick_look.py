"""Quick look: the focused asset large, in place, by keys, mouse and touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import open_page, overflow, violations

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.support.browser import Watch


def look(page: Page) -> Locator:
    return page.locator(".quick-look:popover-open")


def name_of(card: Locator) -> str:
    return card.locator(".caption .name").text_content() or ""


def test_space_opens_moves_on_and_closes(watch: Watch) -> None:
    """The address and the history stay; keys of a card work on what is shown."""
    page = watch.page()
    page.goto("/?kind=image")
    before, entries = page.url, page.evaluate("history.length")
    cards = page.locator(".grid .card")
    cards.first.locator(".picture").focus()
    page.keyboard.press("Space")
    expect(look(page).locator(".name")).to_have_text(name_of(cards.first))
    assert page.evaluate("document.querySelector('.quick-look img').naturalWidth > 0")  # at once
    page.keyboard.press("ArrowRight")
    expect(look(page).locator(".name")).to_have_text(name_of(cards.nth(1)))
    page.keyboard.press("x")
    expect(cards.nth(1).locator(".pick")).to_be_checked()
    page.keyboard.press("Tab")
    zoom = look(page).locator("zoom-image")
    page.keyboard.press("+")
    expect(zoom).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")  # the picture first
    expect(zoom).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the button “Previous asset”
    expect(look(page).locator(".name")).to_have_text(name_of(cards.first))
    page.keyboard.press("Space")
    expect(look(page)).to_have_count(0)
    expect(cards.first.locator(".picture")).to_be_focused()
    assert (page.url, page.evaluate("history.length")) == (before, entries)
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(look(page)).to_have_count(0)


@pytest.mark.parametrize("look_of_page", ["dark-wide", "light-narrow"])
def test_it_is_accessible(watch: Watch, look_of_page: str) -> None:
    page = open_page(watch, look_of_page)
    page.goto("/?kind=image")
    page.locator(".grid .card .picture").first.focus()
    page.keyboard.press("Space")
    expect(look(page).locator("zoom-image[role=button]")).to_be_visible()
    assert violations(page, over=".quick-look") == []
    assert overflow(page) <= 0


@pytest.mark.parametrize(("display", "is_paged"), [("", True), ("&endless=on", False)])
def test_it_goes_on_beyond_the_end_of_the_page(
    watch_before_api: Watch, display: str, is_paged: bool
) -> None:
    """To the next page, and back; Back leads out of the results."""
    page = watch_before_api.page()
    page.goto("/tags")
    page.goto(f"/?kind=image{display}")
    cards = page.locator(".grid .card")
    size = cards.count()
    cards.last.locator(".picture").focus()
    page.keyboard.press("Space")
    last = look(page).locator(".name").text_content()
    page.keyboard.press("ArrowRight")
    expect(look(page).locator(".name")).not_to_have_text(last)
    assert is_paged == ("page=2" in page.url)
    first_of_next = cards.nth(0 if is_paged else size)
    expect(look(page).locator(".name")).to_have_text(name_of(first_of_next))
    page.keyboard.press("ArrowLeft")
    expect(look(page).locator(".name")).to_have_text(last)
    page.keyboard.press("Space")
    page.go_back()
    page.wait_for_url("**/tags")


def test_by_mouse(watch: Watch) -> None:
    """By the button of a card; a click zooms the picture, one beside it closes."""
    page = watch.page()
    page.goto("/?kind=image")
    cards = page.locator(".grid .card")
    cards.first.hover()
    page.get_by_role("button", name=f"Quick look: {name_of(cards.first)}").click()
    zoom = look(page).locator("zoom-image")
    zoom.click()
    expect(zoom).to_have_attribute("aria-pressed", "true")
    zoom.click()
    expect(zoom).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Close").click()
    expect(look(page)).to_have_count(0)
    cards.first.hover()
    page.get_by_role("button", name=f"Quick look: {name_of(cards.first)}").click()
    look(page).locator(".stage").click(position={"x": 3, "y": 3})
    expect(look(page)).to_have_count(0)


def test_sound_and_video_play(watch: Watch) -> None:
    """And stop when it is closed."""
    page = watch.page()
    page.goto("/?kind=audio")
    page.locator(".grid .picture").first.focus()
    page.keyboard.press("Space")
    expect(look(page).locator("audio")).to_have_js_property("paused", value=False)
    page.keyboard.press("Space")
    expect(page.locator(".quick-look audio")).to_have_count(0)
