"""Team searches and frozen searches in a browser: with and without scripts, and by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import open_page, overflow, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser import Watch


def menu(page: Page, address: str) -> None:
    """Open the menu of saved searches on a page."""
    page.goto(address)
    page.locator("#saved > summary").click()


def test_a_search_is_saved_for_the_team(any_page: Page) -> None:
    """From its page; the list leads back to it, and it can be renamed and deleted."""
    page = any_page
    menu(page, "/?kind=image&hitsPerPage=24")
    page.locator("#team-name").fill("Pictures")
    page.get_by_role("button", name="Save for the team").click()
    page.wait_for_url("**/searches?done=*")
    row = page.locator(".search-list li", has_text="Pictures")
    row.get_by_text("Change").click()
    row.get_by_label("Name").fill("Our pictures")
    row.get_by_role("button", name="Rename").click()
    link = page.get_by_role("link", name="Our pictures", exact=True)
    expect(link).to_be_visible()
    link.click()
    page.wait_for_url("**/?kind=image&hitsPerPage=24")
    page.goto("/searches")
    row = page.locator(".search-list li", has_text="Our pictures")
    row.get_by_text("Change").click()
    row.get_by_role("button", name="Delete for everyone").click()
    expect(page.locator(".notice")).to_have_text("“Our pictures” was deleted.")


def test_the_number_of_new_results(page: Page) -> None:
    """It is loaded when the row is visible."""
    menu(page, "/?kind=audio")
    page.get_by_role("button", name="Save for the team").click()
    page.wait_for_url("**/searches?done=*")
    expect(
        page.locator(".search-list li", has_text="sounds").get_by_text("nothing new")
    ).to_be_visible()


def test_searches_of_the_browser_are_imported(page: Page) -> None:
    """By a button that fills the form."""
    menu(page, "/?kind=video")
    page.get_by_label("Name for this search").fill("Moving")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto("/searches")
    page.get_by_role("button", name="Insert the searches").click()
    expect(page.locator("#import-text")).to_have_value(f"Moving\n{page.url[:-9]}/?kind=video")
    page.get_by_role("button", name="Import for the team").click()
    page.wait_for_url("**/searches/import")
    expect(page.get_by_role("link", name="Moving", exact=True)).to_be_visible()


def test_results_are_frozen(any_page: Page) -> None:
    """By keyboard alone: the same cards, what has changed, and the deletion."""
    page = any_page
    page.goto("/?kind=image")
    ids = [each.get_attribute("data-asset-id") for each in page.locator("article.card").all()]
    page.locator("#saved > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#team-name").focus()
    page.keyboard.type("Chosen")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/frozen/*")
    cards = page.locator(".grid[data-first] article.card")
    frozen = [each.get_attribute("data-asset-id") for each in cards.all()]
    assert frozen[: len(ids)] == ids
    link = page.get_by_role("link", name="Show what has changed since")
    if link.count():
        link.click()
    expect(page.locator(".frozen-changes")).to_contain_text("the same results today")
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete for everyone").click()
    expect(page.locator(".notice")).to_have_text("“Chosen” was deleted.")


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_the_pages_are_accessible(watch: Watch, look: str) -> None:
    """With entries, with their forms open, after an import with mistakes, and the menu."""
    page = open_page(watch, look)
    menu(page, "/?query=castle&kind=image")
    problems = [*violations(page), overflow(page)]
    page.get_by_role("button", name="Freeze the results").click()
    page.wait_for_url("**/frozen/*")
    expect(page.locator(".frozen-changes")).to_contain_text("the same results today")
    problems += [*violations(page), overflow(page)]
    menu(page, "/?query=castle&kind=image")
    page.get_by_role("button", name="Save for the team").click()
    page.wait_for_url("**/searches?done=*")
    page.get_by_text("Change").first.click()
    problems += [*violations(page), overflow(page)]
    page.locator("#import-text").fill("No address")
    page.get_by_role("button", name="Import for the team").click()
    page.wait_for_url("**/searches/import")
    problems += [*violations(page), overflow(page)]
    assert problems == [0, 0, 0, 0]
