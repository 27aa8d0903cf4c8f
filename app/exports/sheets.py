"""Contact sheets and previews made to order, a few at a time, the previews kept for a while.

Puts thumbnails and drawing together. Knows nothing of HTTP.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import cachetools

from app.exports import sheet
from app.exports.thumbnails import thumbnails
from app.images import grid_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.assets import Asset
    from app.media import Media

PREVIEW_PICTURES: Final = 18
MOST_KEPT: Final = 64  # previews; each has up to a megabyte
KEPT_SECONDS: Final = 600
AT_ONCE: Final = 2  # drawings, each some hundred megabytes at most


class Sheets:
    """Draws what is asked for; `media` fetches the pictures."""

    def __init__(self, media: Media) -> None:
        """Keep nothing yet."""
        self._media = media
        self._kept: cachetools.TTLCache[tuple[str, ...], bytes] = cachetools.TTLCache(
            MOST_KEPT, ttl=KEPT_SECONDS
        )
        self._guard = threading.Lock()
        self._drawing = threading.BoundedSemaphore(AT_ONCE)

    def preview(self, assets: Sequence[Asset], *, blur_sensitive: bool) -> bytes:
        """The preview of a page of results, as PNG; the same results are drawn once."""
        chosen = [each for each in assets if grid_picture(each).src][:PREVIEW_PICTURES]
        key = (str(blur_sensitive), *(asset.id for asset in chosen))
        with self._guard:
            if (kept := self._kept.get(key)) is not None:
                return kept
        with self._drawing:
            found = thumbnails(self._media, chosen, side=512, blur_sensitive=blur_sensitive)
            drawn = sheet.preview([picture for picture in found if picture is not None])
        if any(found) or not chosen:  # an hour without pictures is not remembered
            with self._guard:
                self._kept[key] = drawn
        return drawn

    def png(self, assets: Sequence[Asset], *, title: str, blur_sensitive: bool) -> bytes:
        """A contact sheet as one picture."""
        with self._drawing:
            side = sheet.SHEET_WIDTH // sheet.columns_for(len(assets))
            cells = self._cells(assets, side=side, blur_sensitive=blur_sensitive)
            return sheet.as_png(cells, title=title)

    def pdf(self, assets: Sequence[Asset], *, title: str, blur_sensitive: bool) -> bytes:
        """A contact sheet as pages of A4."""
        with self._drawing:
            side = sheet.A4[0] // sheet.A4_COLUMNS
            cells = self._cells(assets, side=side, blur_sensitive=blur_sensitive)
            return sheet.as_pdf(cells, title=title)

    def _cells(
        self, assets: Sequence[Asset], *, side: int, blur_sensitive: bool
    ) -> list[sheet.Cell]:
        found = thumbnails(self._media, assets, side=side, blur_sensitive=blur_sensitive)
        return [
            sheet.Cell(picture, asset.name) for picture, asset in zip(found, assets, strict=True)
        ]
