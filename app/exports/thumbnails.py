"""Thumbnails of assets for contact sheets and previews, downloaded by the server.

A thumbnail that fails is None, so that a sheet does not depend on a single picture. Downloads are
limited in size, time and number at once.
"""

from __future__ import annotations

import io
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageFilter

from app.errors import AkinError
from app.scenario import image_urls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.scenario.assets import Asset
    from app.scenario.files import FileFetcher
    from app.services.images.decoding import DecodingSession
    from app.services.time_limits import TimeLimits

log = logging.getLogger(__name__)

MOST_BYTES: Final = 8_000_000  # of one thumbnail; most have about 50 kB
AT_ONCE: Final = 6
BLUR: Final = 1 / 12  # radius, as a share of the longer side: only colours remain


def thumbnails(
    media: FileFetcher,
    decoder: DecodingSession,
    assets: Iterable[Asset],
    *,
    side: int,
    blur_sensitive: bool,
    limits: TimeLimits,
) -> list[Image.Image | None]:
    """Return a picture for each asset, at most `side` pixels long, or None.

    Pictures are RGB or RGBA. With `blur_sensitive`, sensitive ones are blurred beyond recognition.
    """
    deadline = time.monotonic() + limits.thumbnails

    def one(asset: Asset) -> Image.Image | None:
        left = deadline - time.monotonic()
        source = image_urls.grid_picture(asset).src
        if not source or left <= 0:
            return None
        content = io.BytesIO()
        try:
            seconds = min(limits.thumbnail, left)
            media.fetch(source, content, most_bytes=MOST_BYTES, seconds=seconds)
            picture = decoder.decode(content.getvalue(), side=side)
        except AkinError as error:
            log.info("no thumbnail of %s: %s", asset.id, error)
            return None
        if asset.nsfw and blur_sensitive:
            return picture.filter(ImageFilter.GaussianBlur(max(picture.size) * BLUR))
        return picture

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="thumbnails") as pool:
        return list(pool.map(one, assets))
