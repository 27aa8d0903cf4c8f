"""The inspector of textures and sprites: channels, tiles, grid, whole zoom, colours, palette."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.accessibility import open_page, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser import Watch

PIXEL = """([x, y]) => [...document.querySelector(".inspector canvas").getContext("2d")
  .getImageData(x, y, 1, 1).data]"""
SIZE = "each => [each.width, each.height]"


def opened(page: Page) -> Image.Image:
    """Open the inspector of the first picture by its key; return the original."""
    page.goto("/?kind=image&query=dragon")
    page.locator(".grid .picture").first.click()
    page.wait_for_url("**/assets/**")
    page.keyboard.press("i")
    expect(page.locator(".inspector canvas")).to_be_focused()
    url = page.locator("inspect-picture").get_attribute("src")
    return Image.open(io.BytesIO(page.request.get(url).body())).convert("RGBA")


def test_pixels_are_those_of_the_original(watch: Watch) -> None:
    watch.allow("willReadFrequently")  # the test reads the canvas, the product does not
    page = watch.page()
    original = opened(page)
    canvas = page.locator(".inspector canvas")
    assert canvas.evaluate(SIZE) == list(original.size)
    red, green, blue, alpha = original.getpixel((1, 0))
    page.keyboard.press("ArrowRight")
    said = page.locator(".inspector output")
    expect(said).to_contain_text(f"1, 0: #{red:02x}{green:02x}{blue:02x} · alpha {alpha}")
    page.get_by_label("Channel").select_option("Green")
    assert page.evaluate(PIXEL, [1, 0]) == [green, green, green, 255]
    expect(said).to_contain_text(f"#{red:02x}{green:02x}{blue:02x}")  # still the original's
    page.get_by_label("Tile 3 × 3").check()
    assert canvas.evaluate(SIZE) == [3 * each for each in original.size]
    assert page.evaluate(PIXEL, [original.width + 1, 0]) == [green, green, green, 255]
    page.get_by_label("Pixel grid").check()
    expect(page.locator(".grid-note")).to_be_visible()
    page.locator(".inspector [name=zoom]").select_option("8 ×")
    expect(page.locator(".inspector.has-grid")).to_be_visible()
    assert canvas.bounding_box()["width"] == pytest.approx(original.width * 3 * 8)
    assert page.locator(".palette button").count() > 0
    page.get_by_role("button", name="Inspect pixels").click()
    expect(page.locator(".inspector")).to_have_count(0)
    expect(page.locator("zoom-image")).to_be_visible()


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_it_is_accessible(watch: Watch, look: str) -> None:
    page = open_page(watch, look)
    opened(page)
    assert violations(page) == []


def test_linear_values_follow_the_standard(watch: Watch) -> None:
    page = watch.page()
    opened(page)
    url = page.evaluate(
        "new URL('inspect.js', document.querySelector('script[type=module]').src).href"
    )
    values = page.evaluate(f"import('{url}').then(({{ linear }}) => [0, 5, 128, 255].map(linear))")
    assert values == pytest.approx([0, 0.001518, 0.215861, 1], abs=1e-6)
