"""First use of Akin: backgrounds, uploads, and links back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support import library_files
from tests.support.browser import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

CARD = "article[data-asset-id]"
BEHIND = "getComputedStyle(document.querySelector('.picture img, .media-view img')).backgroundColor"


def brightness(page: Page, ground: str) -> float:
    """Of what lies behind the first picture on a page with this ground, from 0 to 1."""
    expect(page.locator("[data-background]")).to_have_attribute("data-background", ground)
    colour = str(page.evaluate(BEHIND))  # oklch(0.99 0 0)
    return float(colour.removeprefix("oklch(").split()[0])


def test_a_ground_is_a_link_of_the_view_menu(any_page: Page) -> None:
    """Behind the pictures of the grid, and behind the large one that it leads to."""
    any_page.goto("/?query=castle")
    any_page.locator("#view > summary").click()
    any_page.get_by_role("link", name="Dark", exact=True).click()
    any_page.wait_for_url("**ground=dark")
    assert brightness(any_page, "dark") < 0.2
    any_page.locator(f"{CARD} .picture").first.click()
    any_page.wait_for_url("**/assets/**")
    assert brightness(any_page, "dark") < 0.2


def test_g_goes_through_the_grounds(page: Page) -> None:
    """In the grid and beside a picture, which leaves no trace in the history."""
    page.goto("/?query=castle")
    page.keyboard.press("g")
    page.wait_for_url("**ground=light")
    assert brightness(page, "light") > 0.9
    page.locator(f"{CARD} .picture").first.click()
    page.wait_for_url("**/assets/**")
    for ground in ("dark", "checkered"):
        page.keyboard.press("g")
        page.wait_for_url(f"**ground={ground}")
    page.go_back()
    page.wait_for_url("**/?query=castle&ground=light")


def test_the_panel_of_an_upload_closes_over_its_results(page: Page) -> None:
    """The same as where the page is loaded anew."""
    page.goto("/")
    page.locator("#upload > summary").click()
    page.set_input_files(
        "#upload input[type=file]",
        {"name": "red.png", "mimeType": "image/png", "buffer": library_files.example()},
    )
    page.get_by_role("button", name="More like this", exact=True).click()
    page.wait_for_url("**like=ref_**")
    expect(page.locator("#upload")).not_to_have_attribute("open", "")


def test_after_why_enter_opens_the_picture(page: Page) -> None:
    """The focus goes back to where the key was pressed."""
    page.goto("/?query=castle")
    picture = page.locator(f"{CARD} .picture").first
    picture.focus()
    page.keyboard.press("w")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(picture).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/assets/**")


@pytest.mark.parametrize("steps", [0, 1])
def test_esc_leads_from_an_asset_to_its_search(page: Page, steps: int) -> None:
    """Also after a look at its neighbour; first out of the field that is typed in."""
    page.goto("/?query=castle")
    page.locator(f"{CARD} .picture").first.click()
    page.wait_for_url("**/assets/**")
    for _ in range(steps):
        before = page.url
        page.keyboard.press("]")
        page.wait_for_url(lambda url, before=before: url != before)
    asset = page.url
    page.locator(".card-rows").scroll_into_view_if_needed()
    expect(page.locator(".card-rows .card").first).to_be_attached()
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.url == asset
    page.keyboard.press("Escape")
    page.wait_for_url("**/?query=castle")


HIGHEST = """(isFree) => {
  const probe = document.createElement("div");
  probe.style.blockSize = "var(--row-height)";
  document.querySelector(".grid").append(probe);
  const row = probe.getBoundingClientRect().height;
  probe.remove();
  const cards = [...document.querySelectorAll(".card")];
  for (const card of cards) card.style.maxInlineSize = isFree ? "none" : "";
  return Math.max(...cards.map((card) => card.getBoundingClientRect().height)) / row;
}"""


def test_a_row_of_few_is_not_blown_up(page: Page) -> None:
    """Whatever wide picture did not fit beside them."""
    page.goto("/?hitsPerPage=100&density=large")
    free = capped = 0.0
    for width in (660, 720, 780, 840, 900):
        page.set_viewport_size({"width": width, "height": 900})
        eventually(page, f"innerWidth === {width}")
        free = max(free, page.evaluate(HIGHEST, True))
        capped = max(capped, page.evaluate(HIGHEST, False))
    assert (free > 2, capped < 1.75) == (True, True)
