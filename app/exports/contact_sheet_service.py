"""Contact sheets and link previews: downloads the thumbnails, draws, and caches previews."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import cachetools

from app.exports import contact_sheet
from app.exports.thumbnails import thumbnails
from app.scenario.image_urls import grid_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from app.scenario.assets import Asset
    from app.scenario.files import FileFetcher
    from app.services.images.decoding import DecodingSession, ImageDecoder
    from app.services.time_limits import TimeLimits

PREVIEW_PICTURES: Final = 18
MOST_CACHED: Final = 64  # previews, of up to a megabyte
CACHE_SECONDS: Final = 600


class ContactSheets:
    """Contact sheets and previews. As many are drawn at once as `decoder` has sessions."""

    def __init__(self, media: FileFetcher, decoder: ImageDecoder, limits: TimeLimits) -> None:
        """Store the parts: `media` downloads the pictures, `decoder` decodes them."""
        self._media = media
        self._decoder = decoder
        self._limits = limits
        self._previews: cachetools.TTLCache[tuple[str, ...], bytes] = cachetools.TTLCache(
            MOST_CACHED, ttl=CACHE_SECONDS
        )
        self._guard = threading.Lock()

    def preview(self, assets: Sequence[Asset], *, blur_sensitive: bool) -> bytes:
        """Return the preview of a page of results as PNG; drawn once for the same results."""
        chosen = [each for each in assets if grid_picture(each).src][:PREVIEW_PICTURES]
        key = (str(blur_sensitive), *(asset.id for asset in chosen))
        with self._guard:
            if (cached := self._previews.get(key)) is not None:
                return cached
        with self._decoder.session() as session:
            pictures = self._thumbnails(session, chosen, side=512, blur_sensitive=blur_sensitive)
            drawn = contact_sheet.preview([each for each in pictures if each is not None])
        if any(pictures) or not chosen:  # a preview is not cached while no picture can be fetched
            with self._guard:
                self._previews[key] = drawn
        return drawn

    def png(self, assets: Sequence[Asset], *, title: str, blur_sensitive: bool) -> bytes:
        """Return a contact sheet as PNG."""
        with self._decoder.session() as session:
            side = contact_sheet.SHEET_WIDTH // contact_sheet.columns_for(len(assets))
            cells = self._cells(session, assets, side=side, blur_sensitive=blur_sensitive)
            return contact_sheet.as_png(cells, title=title)

    def pdf(self, assets: Sequence[Asset], *, title: str, blur_sensitive: bool) -> bytes:
        """Return a contact sheet as PDF, on pages of A4."""
        with self._decoder.session() as session:
            side = contact_sheet.A4[0] // contact_sheet.A4_COLUMNS
            cells = self._cells(session, assets, side=side, blur_sensitive=blur_sensitive)
            return contact_sheet.as_pdf(cells, title=title)

    def _cells(
        self,
        session: DecodingSession,
        assets: Sequence[Asset],
        *,
        side: int,
        blur_sensitive: bool,
    ) -> list[contact_sheet.Cell]:
        pictures = self._thumbnails(session, assets, side=side, blur_sensitive=blur_sensitive)
        return [
            contact_sheet.Cell(picture, asset.name)
            for picture, asset in zip(pictures, assets, strict=True)
        ]

    def _thumbnails(
        self,
        session: DecodingSession,
        assets: Sequence[Asset],
        *,
        side: int,
        blur_sensitive: bool,
    ) -> list[Image.Image | None]:
        return thumbnails(
            self._media,
            session,
            assets,
            side=side,
            blur_sensitive=blur_sensitive,
            limits=self._limits,
        )
