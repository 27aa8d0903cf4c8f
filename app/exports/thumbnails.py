"""The small pictures of assets, fetched by the server for sheets and previews.

Each comes from the address that a grid would show, through `Media`; one that cannot be had is
None, so a sheet is never lost for a single picture. Bounded in size, time and number at once.
"""

from __future__ import annotations

import io
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageFilter

from app import images, pictures
from app.errors import AkinError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.assets import Asset
    from app.media import Media

log = logging.getLogger(__name__)

MOST_BYTES: Final = 8_000_000  # of one thumbnail; a transformed picture has some 50 kB
SECONDS: Final = 6.0  # for one
ALL_SECONDS: Final = 25.0  # for all of a sheet; those that are late are left out
AT_ONCE: Final = 6
BLUR: Final = 1 / 12  # of the longer side: nothing but colours is left


def thumbnails(
    media: Media, assets: Iterable[Asset], *, side: int, blur_sensitive: bool
) -> list[Image.Image | None]:
    """Answer a picture for each asset, at most `side` pixels long; None where there is none.

    RGB or RGBA. Sensitive ones are blurred beyond recognition where `blur_sensitive` says so.
    """
    deadline = time.monotonic() + ALL_SECONDS

    def one(asset: Asset) -> Image.Image | None:
        left = deadline - time.monotonic()
        source = images.grid_picture(asset).src
        if not source or left <= 0:
            return None
        content = io.BytesIO()
        try:
            media.fetch(source, content, most_bytes=MOST_BYTES, seconds=min(SECONDS, left))
            picture = pictures.decoded(content.getvalue(), side=side)
        except AkinError as error:
            log.info("no thumbnail of %s: %s", asset.id, error)
            return None
        if asset.nsfw and blur_sensitive:
            return picture.filter(ImageFilter.GaussianBlur(max(picture.size) * BLUR))
        return picture

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="thumbnails") as pool:
        return list(pool.map(one, assets))
