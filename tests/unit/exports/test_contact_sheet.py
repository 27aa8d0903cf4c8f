"""Contact sheets and previews: complete, in order, and limited in size."""

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

from app.exports import contact_sheet
from app.exports.contact_sheet_service import ContactSheets
from app.exports.thumbnails import thumbnails
from app.network.wsgi_adapter import WSGIAdapter
from app.scenario.assets import Asset, Thumbnail
from app.scenario.files import FileFetcher
from app.services.images.decoding import THUMBNAIL_BYTES, ImageDecoder
from tests.faults import Upstream
from tests.support.time_limits import PATIENT

if TYPE_CHECKING:
    from collections.abc import Iterator

DECODER = ImageDecoder(max_bytes=THUMBNAIL_BYTES, at_once=1)
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
    """For any aspect ratios of its pictures."""
    assert drawn(contact_sheet.preview([plain(RED, *size) for size in sizes])).size == (1200, 630)


def test_a_preview_shows_every_picture_in_order() -> None:
    """From left to right."""
    picture = drawn(contact_sheet.preview([plain(RED), plain(BLUE)]))
    assert picture.getpixel((300, 315)) == RED
    assert picture.getpixel((900, 315)) == BLUE
    assert colours(picture) == {RED, BLUE, contact_sheet.DARK}


def test_a_preview_without_pictures_is_empty() -> None:
    """It has one colour."""
    assert colours(drawn(contact_sheet.preview([]))) == {contact_sheet.DARK}


def test_a_sprite_is_enlarged_by_whole_pixels() -> None:
    """No colours are interpolated."""
    sprite = Image.new("RGB", (16, 16), RED)
    sprite.paste(BLUE, (8, 0, 16, 16))
    assert colours(drawn(contact_sheet.preview([sprite]))) == {RED, BLUE, contact_sheet.DARK}


# --- sheets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "columns"), [(0, 2), (4, 2), (5, 4), (24, 4), (60, 6), (200, 8)])
def test_more_pictures_are_smaller(count: int, columns: int) -> None:
    """The size of a sheet stays limited."""
    assert contact_sheet.columns_for(count) == columns


def test_a_sheet_has_a_cell_for_each() -> None:
    """Also without a picture, and with names in any script."""
    cells = [
        contact_sheet.Cell(plain(RED), "castle"),
        contact_sheet.Cell(None, "城の竜 🐉\n\x00"),
        contact_sheet.Cell(plain(BLUE), ""),
    ]
    picture = drawn(contact_sheet.as_png(cells, title="3 assets"))
    assert picture.width == contact_sheet.SHEET_WIDTH
    assert {RED, BLUE, contact_sheet.EMPTY} <= colours(picture)


def test_the_size_of_a_sheet_is_limited() -> None:
    """Two hundred pictures in one file of a few thousand pixels."""
    cells = [contact_sheet.Cell(plain(RED, 30, 30), f"asset {number}") for number in range(200)]
    assert drawn(contact_sheet.as_png(cells, title="200 assets")).height < 7000


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (20, 1), (21, 2), (45, 3)])
def test_a_pdf_has_twenty_to_a_page(count: int, pages: int) -> None:
    """On A4."""
    content = contact_sheet.as_pdf(
        [contact_sheet.Cell(plain(RED, 9, 9), "a")] * count, title="assets (x)"
    )
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", content)) == pages
    assert re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+)", content)[0] == (b"595.2", b"841.92")


def test_transparent_pictures_have_a_white_background() -> None:
    """Not a black one."""
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    assert colours(drawn(contact_sheet.as_png([contact_sheet.Cell(clear, "")], title=""))) == {
        contact_sheet.WHITE
    }


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


def test_thumbnails_are_in_the_order_of_the_assets(upstream: Upstream) -> None:
    """One that cannot or may not be fetched is None."""
    assets = from_cdn(upstream, 3, 1)
    gone = Asset(id="gone", thumbnail=Thumbnail(url=f"{upstream.origin}/thumbnails/nobody"))
    foreign = Asset(id="foreign", thumbnail=Thumbnail(url="http://127.0.0.1:1/a.png"))
    text = Asset(id="text")
    media = FileFetcher(requests.Session(), origins=(upstream.origin,))
    with DECODER.session() as session:
        found = thumbnails(
            media,
            session,
            [assets[0], gone, foreign, text, assets[1]],
            side=32,
            blur_sensitive=True,
            limits=PATIENT,
        )
    assert [each and each.size for each in found] == [(32, 32), None, None, None, (32, 32)]
    assert [each.getpixel((5, 5)) for each in (found[0], found[4]) if each] == [
        (3 * 67, 3 * 131 % 256, 3 * 29),
        (67, 131, 29),
    ]


def test_sensitive_pictures_are_blurred_unless_shown() -> None:
    """Beyond recognition: edges disappear."""
    half = Image.new("RGB", (200, 200), RED)
    half.paste(BLUE, (100, 0, 200, 200))
    file = io.BytesIO()
    half.save(file, "PNG")

    session = requests.Session()
    session.mount("https://", WSGIAdapter(Response(file.getvalue(), mimetype="image/png")))
    media = FileFetcher(session, origins=("https://cdn.scenario.com",))
    asset = Asset(id="a", thumbnail=Thumbnail(url="https://cdn.scenario.com/a"), nsfw=("nudity",))
    with DECODER.session() as session:  # type: ignore[assignment]
        shown, blurred = (
            thumbnails(media, session, [asset], side=200, blur_sensitive=blur, limits=PATIENT)[0]
            for blur in (False, True)
        )
    assert shown
    assert blurred
    assert colours(shown) == {RED, BLUE}
    assert len(colours(blurred)) > 20


def test_a_preview_is_drawn_once(upstream: Upstream) -> None:
    """The same results send no further requests to the CDN."""
    media = FileFetcher(requests.Session(), origins=(upstream.origin,))
    sheets = ContactSheets(media, DECODER, PATIENT)
    assets = from_cdn(upstream, *range(30))
    first = sheets.preview(assets, blur_sensitive=True)
    assert len(upstream.requests) == 18
    assert sheets.preview(assets, blur_sensitive=True) == first
    assert len(upstream.requests) == 18


def test_a_preview_without_pictures_is_not_cached(upstream: Upstream) -> None:
    """A short failure of the CDN does not affect previews for ten minutes."""
    media = FileFetcher(requests.Session(), origins=(upstream.origin,))
    sheets = ContactSheets(media, DECODER, PATIENT)
    assets = from_cdn(upstream, 1, 2)
    upstream.always("500", on="/")
    empty = sheets.preview(assets, blur_sensitive=True)
    upstream.always("healthy", on="/")
    assert sheets.preview(assets, blur_sensitive=True) != empty
