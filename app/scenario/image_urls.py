"""URLs of the pictures of assets, and the widths that they are offered in.

A grid never loads an original: it can be 28 MB where the thumbnail is 2 KB. Paths and transform
parameters are those of the CDN (docs/scenario-api.md, "Asset URLs"). Makes no requests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from app.scenario.signed_urls import is_fresh

if TYPE_CHECKING:
    from app.scenario.assets import Asset

GRID_WIDTHS: Final = (256, 384, 512, 768)
LARGE_WIDTHS: Final = (640, 1024, 1600, 2400)
_VISIBLE: Final = {"image", "image-hdr", "video", "3d"}  # kinds with thumbnails
_ANIMATED: Final = frozenset({"image/gif", "image/apng"})
PICTURED: Final = frozenset({"image", "image-hdr", "video", "3d"})
_TRANSFORM: Final = "/assets-transform/"
_SIGNED_ORIGINAL: Final = "/assets/"
_PLAIN_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?=[/?#]|$)")
_NOT_IN_URLS: Final = re.compile(r"[\x00-\x20\x7f\\]")
_IN_URLS: Final = bytes(each for each in range(0x21, 0x7F) if each != ord("\\"))


class Picture(msgspec.Struct, frozen=True, gc=False):
    """The attributes of an <img>; an empty `src` means: show the icon of the asset's kind."""

    address: str = ""  # the URL; with several widths, the part before them
    width: int | None = None  # of the file, in pixels
    height: int | None = None
    steps: tuple[int, ...] = ()  # the widths that it is offered in
    has_own: bool = False  # True if it is offered in its own width as well
    shown: int = 0  # index of the width of `src`

    @property
    def src(self) -> str:
        """The URL for browsers without support for `srcset`."""
        widths = self._widths
        return _at(self.address, widths[self.shown]) if widths else self.address

    @property
    def srcset(self) -> str:
        """The URL at each width; empty where there is only one."""
        return ", ".join(f"{_at(self.address, width)} {width}w" for width in self._widths)

    @property
    def _widths(self) -> tuple[int | None, ...]:
        return (*self.steps, self.width) if self.has_own else self.steps


def grid_picture(asset: Asset) -> Picture:
    """Return the picture of a card: thumbnail, transformed image, public thumbnail, or none."""
    thumbnail = asset.thumbnail.url if asset.thumbnail else None
    if thumbnail and is_web(thumbnail) and is_fresh(thumbnail):
        return Picture(thumbnail, *asset.shown_size)
    return _transformed(asset, GRID_WIDTHS, 512)


def large_picture(asset: Asset) -> Picture:
    """Return the picture of an asset page: as large as the screen, but not the original."""
    picture = _transformed(asset, LARGE_WIDTHS, 1600)
    if picture.steps or picture.has_own:
        return picture  # the public thumbnail is the last choice
    if asset.preview and asset.preview.url and is_web(asset.preview.url):
        return Picture(asset.preview.url, asset.width, asset.height)
    return grid_picture(asset)


def whole_picture(asset: Asset) -> Picture:
    """Return the picture in the size of a grid, with its transparent margins where it can be."""
    picture = _transformed(asset, GRID_WIDTHS, 512)
    return picture if picture.src else grid_picture(asset)


def moving(asset: Asset) -> str:
    """Return the URL of a file that a card plays: video, animation or sound; empty for others.

    The only original that a grid loads, and only when the user plays it.
    """
    url = asset.url or ""
    is_moving = asset.medium in {"video", "audio"} or asset.mimeType in _ANIMATED
    return url if is_moving and is_web(url) and is_fresh(url) else ""


def _transformed(asset: Asset, widths: tuple[int, ...], default: int) -> Picture:
    url = asset.url or ""
    if not is_web(url):
        url = ""
    size = natural, _ = asset.width, asset.height
    if (
        asset.medium in {"image", "image-hdr"}
        and _TRANSFORM in urlsplit(url).path
        and is_fresh(url)
    ):
        steps = tuple(width for width in widths if not natural or width < natural)
        has_own = bool(natural and natural <= widths[-1])  # never enlarged by the CDN
        offered = (*steps, natural) if natural and has_own else steps
        shown = min(range(len(offered)), key=lambda at: abs(offered[at] - default))
        # At the end, because the policy names the beginning of the query.
        return Picture(url + ("&" if "?" in url else "?"), *size, steps, has_own, shown)
    # A path of this server belongs to Akin's library, which requires signatures.
    if asset.medium in _VISIBLE and not url.startswith("/") and (public := public_thumbnail(url)):
        return Picture(public, *size)
    return Picture("", *size)


def _at(address: str, width: int | None) -> str:
    return f"{address}width={width}&format=webp&quality=80"


def public_thumbnail(url: str) -> str:
    """Return the URL of the public thumbnail for a signed URL; empty where there is none."""
    parts = urlsplit(url)
    for path in (_TRANSFORM, _SIGNED_ORIGINAL):
        before, found, asset = parts.path.partition(path)
        if found and asset:
            return urlunsplit((parts.scheme, parts.netloc, f"{before}/thumbnails/{asset}", "", ""))
    return ""


def is_web(url: str) -> bool:
    """Tell whether a URL can be used in a page: https, http, or a path of this server.

    A browser reads a backslash as a slash and skips control characters and slashes after the
    second, which would turn a path into another host: such a URL is rejected.
    """
    if not _has_only_url_characters(url):
        return False
    if _PLAIN_ORIGIN.match(url):
        return True  # as nearly all are; urlsplit would take longer than rendering the card
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme in {"http", "https"}:
        return bool(parts.netloc)
    return url.startswith("/") and not url.startswith("//")


def _has_only_url_characters(url: str) -> bool:
    if url.isascii():  # four times as fast as `isprintable` or the regular expression
        return not url.encode().translate(None, _IN_URLS)
    return not _NOT_IN_URLS.search(url)
