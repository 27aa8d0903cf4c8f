"""Saved searches in the browser: names, counts of new results, export, deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.browser import eventually, listen

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SUMMARY = "#saved > summary"
LONG_AGO = "2001-01-01T00:00:00.000Z"


def rows(page: Page, which: str) -> list[tuple[str, str]]:
    """The searches of one list: their names, and where they lead."""
    links = page.locator(f'[data-list="{which}"] li .saved-link').all()
    return [(link.inner_text(), str(link.get_attribute("href"))) for link in links]


def opened(page: Page, address: str) -> Locator:
    """A page with the list open."""
    page.goto(address)
    page.locator(SUMMARY).click()
    sheet = page.locator("#saved .sheet")
    sheet.wait_for()
    return sheet


def filled(page: Page, address: str) -> None:
    """Return a page with the list open and filled; the `toggle` event comes after the opening."""
    hint = opened(page, address).locator("[data-none]")
    expect(hint).to_be_hidden()


def saved(page: Page, address: str, name: str) -> None:
    """Keep a search under a name."""
    filled(page, address)
    page.get_by_label("Name for this search").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator('[data-list="saved"] .saved-link', has_text=name).wait_for()


def test_a_search_is_saved_under_a_name_and_opened_again(page: Page) -> None:
    """From its first page, in this browser, also after it was left."""
    saved(page, "/?kind=image&page=2", "Our pictures")
    filled(page, "/")
    assert rows(page, "saved") == [("Our pictures", "/?kind=image")]
    page.locator('[data-list="saved"] .saved-link').click()
    page.wait_for_url("**/?kind=image")


def test_recent_searches_are_noted_the_last_one_first(page: Page) -> None:
    """Each once; the one that is shown is not offered, nor is everything."""
    for address in ("/", "/?query=red", "/?query=blue", "/?query=red"):
        page.goto(address)
    filled(page, "/?query=green")
    assert rows(page, "recent") == [("red", "/?query=red"), ("blue", "/?query=blue")]
    page.get_by_role("button", name="Clear recent searches").click()
    page.locator(SUMMARY).click()
    assert rows(page, "recent") == []


def test_what_is_new_is_counted_when_the_list_is_opened(page: Page) -> None:
    """By the API's own count of what was made since the last visit; likeness has no such count."""
    saved(page, "/?kind=image", "Pictures")
    saved(page, "/?query=red&querySemanticRatio=1", "Reddish")
    page.evaluate(
        """seen => localStorage.setItem("akin.saved", JSON.stringify(
             JSON.parse(localStorage.getItem("akin.saved")).map(item => ({...item, seen}))))""",
        LONG_AGO,
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    assert [url for url in asked if "search.json" in url] == []
    page.locator(SUMMARY).click()
    new = page.locator('[data-list="saved"] .new-count:visible')
    new.wait_for()
    assert new.count() == 1
    count = new.inner_text().removesuffix(" new")
    new.click()
    page.wait_for_url("**createdAt=2001-01-01T00:00:00.000Z..**")
    expect(page.locator("[data-total-hits]")).to_have_attribute("data-total-hits", count)


def test_a_search_can_be_forgotten_by_keyboard(page: Page) -> None:
    """The focus goes to the next one, at last to the button that opens the list."""
    saved(page, "/?query=red", "One")
    saved(page, "/?query=blue", "Two")
    page.locator('[data-list="saved"] .remove-saved').first.focus()
    page.keyboard.press("Enter")
    assert rows(page, "saved") == [("One", "/?query=red")]
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove One"
    page.keyboard.press("Enter")
    assert rows(page, "saved") == []
    assert page.evaluate("document.activeElement.ariaLabel") == "Saved and recent searches"


def test_saved_searches_are_exported_as_links(page: Page) -> None:
    """Whole ones, which work elsewhere."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    saved(page, "/?query=red", "Red ones")
    button = page.get_by_role("button", name="Copy as links")
    said = listen(button)
    button.click()
    eventually(page, f"{said}.includes('Copied')")
    origin = page.evaluate("location.origin")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == f"Red ones\n{origin}/?query=red"


def test_a_spoilt_list_is_an_empty_one(page: Page) -> None:
    """Whatever another script, or an older version, left there."""
    page.goto("/")
    page.evaluate(
        """() => {
             localStorage.setItem("akin.saved", '[{"name":"x","url":"javascript:alert(1)"}, 3]');
             localStorage.setItem("akin.recent", "{");
           }"""
    )
    filled(page, "/?query=red")
    assert (rows(page, "saved"), rows(page, "recent")) == ([], [])


def test_without_javascript_the_list_says_what_to_do(page_without_javascript: Page) -> None:
    """A search is a link in any case."""
    sheet = opened(page_without_javascript, "/?query=red")
    assert "bookmark or copy it" in sheet.inner_text()
    assert sheet.locator("form:not([action])").is_hidden()
