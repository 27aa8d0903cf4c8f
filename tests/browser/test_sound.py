"""Sounds are played in the grid, by a button, one at a time; by a key in quick look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

LAST = "document.querySelectorAll('audio').forEach((each) => { each.loop = true; })"


def test_one_sound_at_a_time(page: Page) -> None:
    """The button says whether it plays; the next one takes over."""
    page.goto("/?kind=audio")
    page.evaluate(LAST)
    first, second = page.locator("sound-player .play").all()[:2]
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-pressed", "false")
    second.click()
    expect(second).to_have_attribute("aria-pressed", "false")


def test_a_sound_ends_with_its_page(page: Page) -> None:
    """Going on in place takes the player away, and silence with it."""
    page.goto("/?kind=audio")
    page.evaluate(LAST)
    page.locator(".play").first.click()
    expect(page.locator(".play").first).to_have_attribute("aria-pressed", "true")
    page.evaluate("window.heard = document.querySelector('audio'); null")
    page.locator('.query-field input[name="query"]').fill("low")
    page.keyboard.press("Enter")
    expect(page.locator("sound-player[data-playing]")).to_have_count(0)
    assert page.evaluate("window.heard.paused")


def test_without_javascript_the_browser_has_its_own_player(page_without_javascript: Page) -> None:
    """In the card; nothing is requested before the button is pressed."""
    page_without_javascript.goto("/?kind=audio")
    player = page_without_javascript.locator(".card audio").first
    expect(player).to_be_visible()
    expect(player).to_have_attribute("preload", "none")
    expect(page_without_javascript.locator(".play").first).to_be_hidden()
