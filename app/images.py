"""Which URL a picture is shown from, at which widths.

A grid never loads an original: it can be 28 MB where the thumbnail is 2 KB. The order is that of
docs/design.md, "Images". Knows the CDN's paths and transform parameters (scenario-api.md, "Asset
URLs"); makes no request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from app.signed import is_fresh

if TYPE_CHECKING:
    from app.assets import Asset

GRID_WIDTHS: Final = (256, 384, 512, 768)
LARGE_WIDTHS: Final = (640, 1024, 1600, 2400)
_VISIBLE: Final = {"image", "image-hdr", "video", "3d"}  # what a CDN can draw a thumbnail of
_ANIMATED: Final = frozenset({"image/gif", "image/apng"})
PICTURED: Final = frozenset({"image", "image-hdr", "video", "3d"})
_TRANSFORM: Final = "/assets-transform/"
_SIGNED_ORIGINAL: Final = "/assets/"
_PLAIN_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?=[/?#]|$)")
_NOT_IN_URLS: Final = re.compile(r"[\x00-\x20\x7f\\]")


class Picture(msgspec.Struct, frozen=True, gc=False):
    """What an <img> needs; an empty `src` means: show the kind's glyph."""

    address: str = ""  # the URL; where it is offered in widths, all of it that comes before them
    width: int | None = None  # of the file, in pixels
    height: int | None = None
    steps: tuple[int, ...] = ()  # the widths that it is offered in,
    has_own: bool = False  # and whether in its own as well
    shown: int = 0  # which of them is `src`

    @property
    def src(self) -> str:
        """The URL for browsers that do not choose."""
        widths = self._widths
        return _at(self.address, widths[self.shown]) if widths else self.address

    @property
    def srcset(self) -> str:
        """The URL at each width; empty where there is but one."""
        return ", ".join(f"{_at(self.address, width)} {width}w" for width in self._widths)

    @property
    def _widths(self) -> tuple[int | None, ...]:
        return (*self.steps, self.width) if self.has_own else self.steps


def grid_picture(asset: Asset) -> Picture:
    """The picture of a card: thumbnail, transformed image, public thumbnail, or nothing."""
    thumbnail = asset.thumbnail.url if asset.thumbnail else None
    if thumbnail and is_web(thumbnail) and is_fresh(thumbnail):
        return Picture(thumbnail, asset.width, asset.height)
    return _transformed(asset, GRID_WIDTHS, 512)


def large_picture(asset: Asset) -> Picture:
    """The picture of an asset's own page: as large as the screen, still not the original."""
    picture = _transformed(asset, LARGE_WIDTHS, 1600)
    if picture.steps or picture.has_own:
        return picture  # else it would be the public thumbnail: the last resort
    if asset.preview and asset.preview.url and is_web(asset.preview.url):
        return Picture(asset.preview.url, asset.width, asset.height)
    return grid_picture(asset)


def moving(asset: Asset) -> str:
    """The file that plays in a card: what moves while it is pointed at, sound by its button.

    The one original that a grid may load, and only when a reader asks for it.
    """
    url = asset.url or ""
    is_moving = asset.medium in {"video", "audio"} or asset.mimeType in _ANIMATED
    return url if is_moving and is_web(url) and is_fresh(url) else ""


def _transformed(asset: Asset, widths: tuple[int, ...], default: int) -> Picture:
    url = asset.url or ""
    if not is_web(url):
        url = ""
    size = (asset.width, asset.height)
    if (
        asset.medium in {"image", "image-hdr"}
        and _TRANSFORM in urlsplit(url).path
        and is_fresh(url)
    ):
        natural = asset.width
        steps = tuple(width for width in widths if not natural or width < natural)
        has_own = bool(natural and natural <= widths[-1])  # never enlarged by the CDN
        offered = (*steps, natural) if natural and has_own else steps
        shown = min(range(len(offered)), key=lambda at: abs(offered[at] - default))
        # Added at the end: the policy names how the query begins.
        return Picture(url + ("&" if "?" in url else "?"), *size, steps, has_own, shown)
    # A path of this server is of our own library, which shows nothing without a signature.
    if asset.medium in _VISIBLE and not url.startswith("/") and (public := public_thumbnail(url)):
        return Picture(public, *size)
    return Picture("", *size)


def _at(address: str, width: int | None) -> str:
    return f"{address}width={width}&format=webp&quality=80"


def public_thumbnail(url: str) -> str:
    """The CDN's public small JPEG beside a signed URL; empty where there is no such path."""
    parts = urlsplit(url)
    for path in (_TRANSFORM, _SIGNED_ORIGINAL):
        before, found, asset = parts.path.partition(path)
        if found and asset:
            return urlunsplit((parts.scheme, parts.netloc, f"{before}/thumbnails/{asset}", "", ""))
    return ""


def is_web(url: str) -> bool:
    """Tell whether a URL may stand in a page: https, http, or a path of this server.

    A browser reads a backslash as a slash and skips control characters and any slashes beyond the
    second, which would make another host of a path: such a URL is none.
    """
    if not _is_written_plainly(url):
        return False
    if _PLAIN_ORIGIN.match(url):
        return True  # as nearly all are: to take them apart costs more than to draw their card
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme in {"http", "https"}:
        return bool(parts.netloc)
    return url.startswith("/") and not url.startswith("//")


def _is_written_plainly(url: str) -> bool:
    if url.isascii():  # which a search letter by letter would take ten times as long to find out
        return url.isprintable() and " " not in url and "\\" not in url
    return not _NOT_IN_URLS.search(url)
