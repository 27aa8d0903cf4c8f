"""Selection in a real browser: archive and comparison, with and without JavaScript."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.support.browser import Watch


def test_what_is_ticked_is_packed(any_page: Page) -> None:
    """From the grid to a ZIP on the disk: three controls, none of them a script."""
    any_page.goto("/?kind=image")
    for box in any_page.locator("input.pick").all()[:2]:
        box.check(force=True)  # shown on hover and focus
    any_page.get_by_role("button", name="Open selection").click()
    any_page.wait_for_url("**/selection?**")
    expect(any_page.locator("h1")).to_have_text("2 pictures selected")
    with any_page.expect_download() as found:
        any_page.get_by_role("button", name="ZIP").click()
    names = zipfile.ZipFile(Path(found.value.path())).namelist()
    assert len(names) == 3
    assert names[-1] == "sources.json"


def test_a_selection_goes_over_many_pages(watch: Watch) -> None:
    """Checked on two pages, unchecked in the selection, restored by Back, removed by Clear."""
    page = watch.page(reduced_motion="reduce")  # a page that fades takes no click
    page.goto("/?kind=image&hitsPerPage=24")
    bar = page.locator(".selection output")
    for box in page.locator("input.pick").all()[:2]:
        box.check(force=True)
    expect(bar).to_have_text("2 selected")
    page.locator(".pagination a[rel=next]").click()
    page.wait_for_url("**page=2**")
    expect(page.locator(".pagination [aria-current=page]")).to_have_text("2")
    expect(bar).to_have_text("2 selected")
    page.locator("input.pick").first.check(force=True)
    expect(bar).to_have_text("3 selected")
    page.get_by_role("button", name="Open selection").click()
    page.wait_for_url("**/selection?**")
    expect(page.locator("h1")).to_have_text("3 pictures selected")
    page.locator("input.pick").first.uncheck(force=True)
    page.go_back()
    expect(bar).to_have_text("2 selected")
    expect(page.locator("input.pick").first).to_be_checked()
    page.goto("/?kind=image&hitsPerPage=24")
    expect(page.locator("input.pick:checked")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    page.reload()
    expect(page.locator("input.pick:checked")).to_have_count(0)
    expect(bar).to_be_hidden()


def test_likes_come_from_what_is_ticked(any_page: Page) -> None:
    """And the filters stay."""
    any_page.goto("/?kind=image")
    for box in any_page.locator("input.pick").all()[:2]:
        box.check(force=True)
    any_page.get_by_role("button", name="Open selection").click()
    any_page.wait_for_url("**/selection?**")
    any_page.get_by_role("button", name="More like these").click()
    any_page.wait_for_url("**/?like=**")
    assert any_page.locator(".examples .like").count() == 2
    assert "kind=image" in any_page.url


def test_the_share_menu_opens_and_leads_to_code(any_page: Page) -> None:
    """A menu that needs no script."""
    any_page.goto("/?kind=image")
    any_page.get_by_text("Share", exact=True).click()
    any_page.get_by_role("link", name="Use in code").click()
    any_page.wait_for_url("**/code?**")
    assert any_page.locator(".snippet").count() == 4


@pytest.mark.parametrize("value", [50, 20])
def test_the_slider_cuts_where_its_thumb_stands(any_page: Page, value: int) -> None:
    """Css alone knows it: the second picture begins at the thumb's middle."""

    def moved(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace('value="50"', f'value="{value}"')
        route.fulfill(response=answer, body=body)

    any_page.goto("/?kind=image")
    for box in any_page.locator("input.pick").all()[:2]:
        box.check(force=True)
    any_page.get_by_role("button", name="Open selection").click()
    any_page.wait_for_url("**/selection?**")
    any_page.get_by_role("button", name="Compare").click()
    any_page.wait_for_url("**/compare?**")
    any_page.route("**/compare*", moved)
    any_page.get_by_role("link", name="Slider").click()
    any_page.wait_for_url("**view=slider**")
    over = any_page.locator("compare-slider .over")
    thumb = 44.0  # pixels: --half, twice

    def fits() -> bool:
        style, width = over.evaluate(
            "image => [getComputedStyle(image).clipPath, image.getBoundingClientRect().width]"
        )
        share, rest = re.findall(r"([\d.]+)%(?: ([+-] [\d.]+)px)?", style)[0]
        cut = float(share) / 100 * width + float(rest.replace(" ", "") or 0)
        return abs(cut - (thumb / 2 + value / 100 * (width - thumb))) <= 1

    eventually(any_page, fits)  # the timeline that moves the cut is laid out with the first frame


def test_compared_pictures_are_zoomed_and_moved_together(page: Page) -> None:
    """With the mouse and with keys."""
    page.goto("/?kind=image")
    page.keyboard.press("d")
    expect(page.locator("#toast")).to_contain_text("Select two assets or more")
    for box in page.locator(".grid .pick").all()[:3]:
        box.check()
    page.locator(".grid .picture").first.focus()
    page.keyboard.press("d")
    page.wait_for_url("**/compare?**")
    pictures = page.locator(".pair zoom-image")
    expect(pictures).to_have_count(3)
    pictures.first.click(position={"x": 5, "y": 5})
    for picture in pictures.all():
        expect(picture).to_have_attribute("aria-pressed", "true")
    origins = "each => each.querySelector('img').style.transformOrigin"
    pictures.nth(1).focus()
    page.keyboard.press("ArrowRight")
    assert len({picture.evaluate(origins) for picture in pictures.all()}) == 1
    page.keyboard.press("Escape")
    for picture in pictures.all():
        expect(picture).to_have_attribute("aria-pressed", "false")
