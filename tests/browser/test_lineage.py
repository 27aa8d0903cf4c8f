"""The lineage and the provenance of assets in a browser, over files that state both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.accessibility import open_page, overflow, violations
from tests.support.browser import Watch
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

STATED: dict[str, dict[str, Any]] = {
    "sketch": {"license": "CC0"},
    "painting": {"parentId": "sketch.png", "license": "CC BY 4.0", "author": "Ada"},
    "poster": {"parentId": "painting.png", "referenceImages": ["sketch.png"]},
    "print": {"parentId": "painting.png", "tags": ["made-by:hand", "license:CC0"]},
}


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Akin over files that were made from each other."""
    folder = tmp_path_factory.mktemp("family")
    for number, (name, stated) in enumerate(STATED.items()):
        Image.new("RGB", (160, 120), (60 * number, 120, 90)).save(folder / f"{name}.png")
        (folder / f"{name}.json").write_text(json.dumps(stated))
    with Server(tmp_path_factory.mktemp("family data"), {"AKIN_ASSETS": str(folder)}) as running:
        yield running


@pytest.fixture
def watch(browser: Browser, family: Server) -> Iterator[Watch]:
    """Pages of it, which watch themselves."""
    watching = Watch(browser, family.url)
    yield watching
    assert watching.close() == []


def asset_url(page: Page, name: str) -> str:
    """The address of the asset with a name."""
    found = page.request.get(f"/search.json?query={name}").json()["hits"]
    return f"/assets/{next(hit['id'] for hit in found if hit['metadata']['name'] == name)}"


def names(page: Page, part: str) -> list[str]:
    """The names of the cards in a part of a page."""
    cards = page.locator(f"{part} article.card .caption .name")
    return sorted(str(each.text_content()) for each in cards.all())


def test_the_strip_of_an_asset(any_page: Page) -> None:
    """It is loaded when it comes into view; without scripts a link leads to the page."""
    page = any_page
    page.goto(asset_url(page, "painting"))
    section = page.locator("section", has=page.get_by_role("heading", name="Lineage"))
    section.scroll_into_view_if_needed()
    link = section.get_by_role("link", name="Show parents and children")
    whole = section.get_by_role("link", name="Show the whole lineage")
    expect(link.or_(whole)).to_be_visible()
    if page.evaluate("customElements.get('lazy-section') !== undefined"):
        expect(whole).to_be_visible()
        whole.click()
    else:
        link.click()
    page.wait_for_url("**/lineage")
    assert names(page, "section[aria-labelledby=parents]") == ["sketch"]
    assert names(page, "section[aria-labelledby=children]") == ["poster", "print"]


def test_a_lineage_is_searched(any_page: Page) -> None:
    """From the page of the lineage, at one level and at all; references count as well."""
    page = any_page
    lineage = f"{asset_url(page, 'sketch')}/lineage"
    page.goto(lineage)
    page.get_by_role("link", name="Search in these").click()
    page.wait_for_url("**/?filter=*")
    assert names(page, ".results") == ["painting", "poster"]
    page.goto(f"{lineage}?levels=all")
    page.get_by_role("link", name="Search in these").click()
    page.wait_for_url("**/?rootParentId=*")
    assert names(page, ".results") == ["painting", "poster", "print"]
    expect(page.locator(".status .chip")).to_contain_text("origin sketch")


def test_the_provenance_of_a_selection(any_page: Page) -> None:
    """Ticked by keyboard; the gaps come first, and the table is a download."""
    page = any_page
    page.goto("/")
    for box in page.locator("article.card input.pick").all():
        box.focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Open selection").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/selection?*")
    page.get_by_role("button", name="Provenance").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/selection/provenance?*")
    rows = page.locator("table.provenance tbody tr")
    expect(rows).to_have_count(len(STATED))
    gaps = [row.locator(".gaps li").count() for row in rows.all()]
    assert gaps == sorted(gaps, reverse=True)
    printed = page.locator("table.provenance tr", has=page.get_by_role("link", name="print"))
    expect(printed).to_contain_text("By hand")
    expect(printed).to_contain_text("painting")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "Akin provenance 4 assets.csv"


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_the_pages_are_accessible(watch: Watch, look: str) -> None:
    """With parents, children and gaps; on a phone as well."""
    page = open_page(watch, look)
    url = asset_url(page, "painting")
    problems: list[object] = []
    for address in (
        f"{url}/lineage",
        f"{url}/lineage?levels=all",
        "/provenance",
        f"/?parentId={url[8:]}",
    ):
        page.goto(address)
        problems += [*violations(page), overflow(page)]
    assert problems == [0, 0, 0, 0]
