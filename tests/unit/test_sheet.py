"""Contact sheets and previews: whole, in order, and never larger than they should be."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from werkzeug.wrappers import Response

from app.assets import Asset, Thumbnail
from app.exports import sheet
from app.exports.sheets import Sheets
from app.exports.thumbnails import thumbnails
from app.media import Media
from app.transport import WSGIAdapter
from tests.faults import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

RED, BLUE = (200, 0, 0), (0, 0, 200)


def plain(colour: tuple[int, int, int], width: int = 300, height: int = 300) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def drawn(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def colours(picture: Image.Image) -> set[tuple[int, int, int]]:
    found = picture.getcolors(picture.width * picture.height)
    assert found
    return {colour for _, colour in found}  # type: ignore[misc]  # RGB


# --- previews ----------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), max_size=12))
def test_a_preview_has_the_size_that_messengers_show(sizes: list[tuple[int, int]]) -> None:
    """Whatever the shapes of its pictures."""
    assert drawn(sheet.preview([plain(RED, *size) for size in sizes])).size == (1200, 630)


def test_a_preview_shows_every_picture_in_order() -> None:
    """From the left to the right."""
    picture = drawn(sheet.preview([plain(RED), plain(BLUE)]))
    assert picture.getpixel((300, 315)) == RED
    assert picture.getpixel((900, 315)) == BLUE
    assert colours(picture) == {RED, BLUE, sheet.DARK}


def test_an_empty_preview_is_the_light_table() -> None:
    """Nothing is drawn on it."""
    assert colours(drawn(sheet.preview([]))) == {sheet.DARK}


def test_a_sprite_keeps_its_pixels() -> None:
    """Enlarged by whole pixels: no colour comes to be between its own."""
    sprite = Image.new("RGB", (16, 16), RED)
    sprite.paste(BLUE, (8, 0, 16, 16))
    assert colours(drawn(sheet.preview([sprite]))) == {RED, BLUE, sheet.DARK}


# --- sheets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "columns"), [(0, 2), (4, 2), (5, 4), (24, 4), (60, 6), (200, 8)])
def test_many_pictures_are_small(count: int, columns: int) -> None:
    """So that a sheet stays one that can be sent."""
    assert sheet.columns_for(count) == columns


def test_a_sheet_has_a_cell_for_each() -> None:
    """Also where there is no picture, and with names in any script."""
    cells = [
        sheet.Cell(plain(RED), "castle"),
        sheet.Cell(None, "城の竜 🐉\n\x00"),
        sheet.Cell(plain(BLUE), ""),
    ]
    picture = drawn(sheet.as_png(cells, title="3 assets"))
    assert picture.width == sheet.SHEET_WIDTH
    assert {RED, BLUE, sheet.EMPTY} <= colours(picture)


def test_a_large_sheet_is_not_too_large() -> None:
    """Two hundred pictures in one file of a few thousand pixels."""
    cells = [sheet.Cell(plain(RED, 30, 30), f"asset {number}") for number in range(200)]
    assert drawn(sheet.as_png(cells, title="200 assets")).height < 7000


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (20, 1), (21, 2), (45, 3)])
def test_a_pdf_has_twenty_to_a_page(count: int, pages: int) -> None:
    """Of A4."""
    content = sheet.as_pdf([sheet.Cell(plain(RED, 9, 9), "a")] * count, title="assets (x)")
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", content)) == pages
    assert re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+)", content)[0] == (b"595.2", b"841.92")


def test_transparent_pictures_lie_on_the_paper() -> None:
    """Not on black."""
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    assert colours(drawn(sheet.as_png([sheet.Cell(clear, "")], title=""))) == {sheet.WHITE}


# --- their pictures ----------------------------------------------------------------------------


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A CDN with a picture for each asset."""
    with Upstream(count=40) as running:
        yield running


def from_cdn(upstream: Upstream, *numbers: int, nsfw: tuple[str, ...] = ()) -> list[Asset]:
    return [
        Asset(
            id=f"asset_{number}",
            thumbnail=Thumbnail(url=upstream.healthy.hit(number)["url"]),
            nsfw=nsfw,
        )
        for number in numbers
    ]


def test_thumbnails_come_in_order_and_none_is_lost(upstream: Upstream) -> None:
    """What cannot be had, or may not be asked for, is none."""
    assets = from_cdn(upstream, 3, 1)
    gone = Asset(id="gone", thumbnail=Thumbnail(url=f"{upstream.origin}/thumbnails/nobody"))
    foreign = Asset(id="foreign", thumbnail=Thumbnail(url="http://127.0.0.1:1/a.png"))
    text = Asset(id="text")
    media = Media(requests.Session(), origins=(upstream.origin,))
    found = thumbnails(
        media, [assets[0], gone, foreign, text, assets[1]], side=32, blur_sensitive=True
    )
    assert [each and each.size for each in found] == [(32, 32), None, None, None, (32, 32)]
    assert [each.getpixel((5, 5)) for each in (found[0], found[4]) if each] == [
        (3 * 67, 3 * 131 % 256, 3 * 29),
        (67, 131, 29),
    ]


def test_sensitive_pictures_are_blurred_unless_shown() -> None:
    """Beyond recognition: an edge is gone."""
    half = Image.new("RGB", (200, 200), RED)
    half.paste(BLUE, (100, 0, 200, 200))
    file = io.BytesIO()
    half.save(file, "PNG")

    session = requests.Session()
    session.mount("https://", WSGIAdapter(Response(file.getvalue(), mimetype="image/png")))
    media = Media(session, origins=("https://cdn.scenario.com",))
    asset = Asset(id="a", thumbnail=Thumbnail(url="https://cdn.scenario.com/a"), nsfw=("nudity",))
    (shown,) = thumbnails(media, [asset], side=200, blur_sensitive=False)
    (blurred,) = thumbnails(media, [asset], side=200, blur_sensitive=True)
    assert shown
    assert blurred
    assert colours(shown) == {RED, BLUE}
    assert len(colours(blurred)) > 20


def test_a_preview_is_drawn_once(upstream: Upstream) -> None:
    """The same results ask the CDN for nothing more."""
    sheets = Sheets(Media(requests.Session(), origins=(upstream.origin,)))
    assets = from_cdn(upstream, *range(30))
    first = sheets.preview(assets, blur_sensitive=True)
    assert len(upstream.requests) == 18
    assert sheets.preview(assets, blur_sensitive=True) == first
    assert len(upstream.requests) == 18


def test_a_preview_without_its_pictures_is_not_kept(upstream: Upstream) -> None:
    """A CDN that fails for a moment does not empty the previews of ten minutes."""
    sheets = Sheets(Media(requests.Session(), origins=(upstream.origin,)))
    assets = from_cdn(upstream, 1, 2)
    upstream.always("500", on="/")
    empty = sheets.preview(assets, blur_sensitive=True)
    upstream.always("healthy", on="/")
    assert sheets.preview(assets, blur_sensitive=True) != empty
