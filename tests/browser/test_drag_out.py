"""An asset that is dragged out of a page delivers its original file, under its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.support.server import Server

SEARCH = "query=dragon&kind=image"
# What a program gets of a drag, in the order of the types; `dragged` resolves when it has begun.
RECORD = """window.dragged = new Promise((resolve) =>
  window.addEventListener("dragstart", ({ dataTransfer: drag }) =>
    resolve(Object.fromEntries([...drag.types].map((type) => [type, drag.getData(type)])))))"""


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The first page of results."""
    watch = Watch(browser, server.url)
    page = watch.page()
    page.goto(f"/?{SEARCH}")
    yield page
    assert watch.close() == []


def drag(page: Page, selector: str) -> dict[str, str]:
    """Begin to drag an element with the mouse; return what the drag carries."""
    page.evaluate(f"() => {{ {RECORD} }}")
    box = page.locator(selector).first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2 + 20, steps=4)
    carried: dict[str, str] = page.evaluate("window.dragged")
    return carried


def original(library: Path, name: str) -> bytes:
    """Return the content of the only file of this name."""
    (found,) = library.rglob(name)
    return found.read_bytes()


@pytest.mark.parametrize("place", ["results", "asset"])
def test_a_program_gets_the_original(page: Page, library: Path, place: str) -> None:
    """From a card, and from the picture of an asset page."""
    selector = ".card a.picture"
    if place == "asset":
        page.locator(selector).first.click()
        page.wait_for_url("**/assets/**")
        selector = ".media-view img"
    carried = drag(page, selector)
    mime, name, url = carried["downloadurl"].split(":", 2)
    assert carried["text/uri-list"] == url
    assert url.rpartition("/")[2].endswith(name.rpartition(".")[2])
    assert carried.keys().isdisjoint({"text/html", "Files"})  # the thumbnail
    response = page.request.get(url)
    assert response.headers["content-type"].partition(";")[0] == mime
    assert response.body() == original(library, name)


def test_drop_zones_are_over_the_search_bar(page: Page) -> None:
    """A card can be dropped there; elsewhere on the page nothing happens."""
    drag(page, ".card a.picture")
    zones = page.locator(".drop-zones")
    expect(zones).to_be_visible()
    bar, covered = page.locator(".bar").bounding_box(), zones.bounding_box()
    assert covered["y"] >= bar["y"]
    assert covered["y"] + covered["height"] <= bar["y"] + bar["height"] + 1
    page.mouse.move(700, 500, steps=4)
    page.mouse.up()
    expect(zones).to_have_count(0)
    assert page.url.endswith(f"/?{SEARCH}")
    drag(page, ".card a.picture")
    target = zones.locator('[data-side="unlike"]').bounding_box()
    page.mouse.move(target["x"] + 20, target["y"] + 10, steps=8)
    page.mouse.up()
    page.wait_for_url("**unlike=**")


def test_the_zoomed_picture_is_the_original(page: Page, library: Path) -> None:
    """A browser saves it under its own name."""
    page.locator(".card a.picture").first.click()
    page.wait_for_url("**/assets/**")
    zoom = page.locator("zoom-image")
    name = page.locator(".media-view").get_attribute("data-file").partition(":")[2]
    with page.expect_response("**/file/**") as loaded:
        zoom.click()
    response = page.request.get(loaded.value.url)
    assert response.body() == original(library, name)
    assert f'filename="{name}"' in response.headers["content-disposition"]


READ = """async () => {
  const [item] = await navigator.clipboard.read();
  const type = item.types.find((each) => each.startsWith("image/") || each === "text/plain");
  const blob = await item.getType(type);
  if (type === "text/plain") return blob.text();
  const { width, height } = await createImageBitmap(blob);
  return [type, width, height];
}"""


def test_keys_copy_the_picture_and_its_link(page: Page) -> None:
    """In its full size; a selected text is copied as usual."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = page.locator(".card").first
    size = card.locator(".facts span").first.inner_text().split(" × ")
    card.locator("a.picture").focus()
    page.keyboard.press("Control+c")
    expect(page.locator("#toast")).to_have_text("Picture copied")
    assert page.evaluate(READ) == ["image/png", *map(int, size)]
    page.keyboard.press("Control+Shift+c")
    expect(page.locator("#toast")).to_have_text("Link copied")
    asset_id = card.get_attribute("data-asset-id")
    assert page.evaluate(READ).endswith(f"/assets/{asset_id}")
    page.goto(f"/assets/{asset_id}")
    page.get_by_role("button", name="Copy picture").click()
    expect(page.locator("#toast")).to_have_text("Picture copied")
    assert page.evaluate(READ)[0] == "image/png"
    page.evaluate("getSelection().selectAllChildren(document.querySelector('h1')); 0")
    page.keyboard.press("Control+c")
    assert page.evaluate(READ) == page.locator("h1").inner_text()
