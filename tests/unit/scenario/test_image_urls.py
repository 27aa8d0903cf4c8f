"""Picture URLs: thumbnail, transformed picture, public thumbnail or none; never an original."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scenario.assets import Asset
from app.scenario.image_urls import (
    GRID_WIDTHS,
    LARGE_WIDTHS,
    grid_picture,
    is_web,
    large_picture,
    moving,
    public_thumbnail,
)
from tests.faults.synthetic import signed

CDN = "https://cdn.invalid"
THUMBNAIL = f"{CDN}/thumbnails/asset_1"


def address(folder: str, *, ends: float = 3600) -> str:
    """Return a signed URL that expires in `ends` seconds."""
    return signed(f"{CDN}/{folder}/asset_1?p=100", expires=time.time() + ends)


def asset(**fields: Any) -> Asset:
    """Return an asset with these fields."""
    return msgspec.convert({"id": "asset_1", **fields}, Asset)


def widths(srcset: str) -> list[str]:
    """Return the width of each candidate."""
    return [candidate.rsplit(" ", 1)[1] for candidate in srcset.split(", ")] if srcset else []


def test_a_thumbnail_comes_first() -> None:
    """Even where other pictures exist."""
    shown = asset(
        kind="image", thumbnail={"url": f"{CDN}/t"}, url=address("assets-transform"), metadata={}
    )
    assert (grid_picture(shown).src, grid_picture(shown).srcset) == (f"{CDN}/t", "")


def test_a_transformed_picture_has_several_widths() -> None:
    """Those widths of a grid that do not enlarge it."""
    url = address("assets-transform")
    picture = grid_picture(asset(kind="image", url=url, metadata={"width": 600, "height": 300}))
    assert widths(picture.srcset) == ["256w", "384w", "512w", "600w"]
    assert (picture.width, picture.height) == (600, 300)


@pytest.mark.parametrize(
    ("choose", "width", "shown"),
    [
        (grid_picture, 4096, 512),
        (grid_picture, 600, 512),
        (grid_picture, 400, 400),
        (grid_picture, 100, 100),
        (grid_picture, 384, 384),
        (large_picture, 4096, 1600),
        (large_picture, 2400, 1600),
        (large_picture, 700, 700),
        (large_picture, 100, 100),
    ],
)
def test_browsers_without_srcset_get_a_medium_width(choose: Any, width: int, shown: int) -> None:
    """One of the offered widths, in WebP; also for a URL without a query."""
    for url, joint in ((address("assets-transform"), "&"), (f"{CDN}/assets-transform/a", "?")):
        picture = choose(asset(kind="image-hdr", url=url, metadata={"width": width}))
        assert picture.src == f"{url}{joint}width={shown}&format=webp&quality=80"
        assert f"{picture.src} {shown}w" in picture.srcset.split(", ")
        offered = widths(picture.srcset)
        assert len(set(offered)) == len(offered)


@given(st.integers(1, 10_000) | st.none(), st.sampled_from([grid_picture, large_picture]))
def test_a_picture_is_never_enlarged(width: int | None, choose: Any) -> None:
    """No candidate is wider than the file, and `src` is one of them."""
    shown = asset(kind="image", url=address("assets-transform"), metadata={"width": width})
    picture = choose(shown)
    offered = [int(each[:-1]) for each in widths(picture.srcset)]
    assert offered
    assert max(offered) <= (width or max(*GRID_WIDTHS, *LARGE_WIDTHS))
    assert picture.src in [each.rsplit(" ", 1)[0] for each in picture.srcset.split(", ")]


def test_the_signature_is_not_changed() -> None:
    """Transform parameters follow the signed part."""
    url = address("assets-transform")
    picture = grid_picture(asset(kind="image", url=url))
    for each in [picture.src, *(part.rsplit(" ", 1)[0] for part in picture.srcset.split(", "))]:
        assert each.startswith(f"{url}&width=")
        names = [name for name, _ in parse_qsl(urlsplit(each).query)]
        assert names == ["p", "Policy", "Signature", "Key-Pair-Id", "width", "format", "quality"]


@pytest.mark.parametrize(
    ("fields", "src"),
    [
        ({"kind": "image", "url": address("assets")}, THUMBNAIL),
        ({"kind": "video", "url": address("assets")}, THUMBNAIL),
        ({"kind": "video", "url": address("assets-transform")}, THUMBNAIL),
        ({"kind": "image", "url": address("assets-transform", ends=-60)}, THUMBNAIL),
        (
            {
                "kind": "image",
                "url": address("assets-transform", ends=-60),
                "thumbnail": {"url": address("thumbs", ends=-60)},
            },
            THUMBNAIL,
        ),
        ({"kind": "text", "url": address("assets")}, ""),
        ({"kind": "audio", "url": address("assets")}, ""),
        ({"kind": "image", "url": "javascript:alert(1)"}, ""),
        ({"kind": "image", "url": "http://[::1"}, ""),
        ({"kind": "image", "thumbnail": {"url": "javascript:alert(1)"}}, ""),
        ({"kind": "image", "thumbnail": {"url": "data:image/svg+xml,<svg>"}}, ""),
        ({"kind": "image", "url": "https://elsewhere.invalid/cat.png"}, ""),
        ({"kind": "image"}, ""),
        ({}, ""),
    ],
)
def test_other_assets_show_the_public_thumbnail_or_none(fields: dict[str, Any], src: str) -> None:
    """The public thumbnail needs no signature; without one the icon of the kind is shown."""
    assert (grid_picture(asset(**fields)).src, grid_picture(asset(**fields)).srcset) == (src, "")


@given(
    st.sampled_from(["image", "image-hdr", "video", "3d", "audio", "text", "hologram"]),
    st.booleans(),
    st.sampled_from([3600, -60]),
)
def test_no_picture_is_an_original(kind: str, transformable: bool, ends: float) -> None:
    """Neither in the grid nor large: the path of the file itself is not used."""
    url = address("assets-transform" if transformable else "assets", ends=ends)
    for picture in (
        grid_picture(asset(kind=kind, url=url)),
        large_picture(asset(kind=kind, url=url)),
    ):
        assert "/assets/" not in picture.src
        assert picture.src == "" or "width=" in picture.src or picture.src == THUMBNAIL


def test_large_is_larger() -> None:
    """As wide as a screen; else the preview, else the picture of the grid."""
    url = address("assets-transform")
    big = {"width": 4096, "height": 4096}
    assert widths(large_picture(asset(kind="image", url=url, metadata=big)).srcset) == [
        "640w",
        "1024w",
        "1600w",
        "2400w",
    ]
    preview = {"assetId": "p", "url": f"{CDN}/preview"}
    assert large_picture(asset(kind="3d", preview=preview)).src == f"{CDN}/preview"
    assert large_picture(asset(kind="3d", thumbnail={"url": f"{CDN}/t"})).src == f"{CDN}/t"
    odd = {"url": "javascript:alert(1)"}
    found = large_picture(asset(kind="3d", preview=odd, thumbnail={"url": f"{CDN}/t"}))
    assert found.src == f"{CDN}/t"


@pytest.mark.parametrize(
    ("fields", "plays"),
    [
        ({"kind": "video"}, True),
        ({"kind": "audio"}, True),
        ({"kind": "image", "mimeType": "image/gif"}, True),
        ({"kind": "image", "mimeType": "image/apng"}, True),
        ({"kind": "image", "mimeType": "image/png"}, False),
        ({"kind": "3d"}, False),
    ],
)
def test_video_animation_and_sound_can_be_played(fields: dict[str, Any], plays: bool) -> None:
    """From the original file, while its URL is valid, and only from the web."""
    url = address("assets")
    assert moving(asset(url=url, **fields)) == (url if plays else "")
    others = ("", "javascript:alert(1)", address("assets", ends=-60))
    assert [moving(asset(url=other, **fields)) for other in others] == ["", "", ""]
    assert moving(asset(**fields)) == ""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://cdn.invalid/a", True),
        ("http://127.0.0.1:8000/a", True),
        ("/library/thumbnails/a", True),
        ("https://[::1]:8000/a", True),
        ("https://someone@cdn.invalid/a", True),
        ("HTTPS://cdn.invalid/a", True),
        ("https://cdn.invalid/漢", True),
        ("/漢", True),
        ("https://cdn.invalid/漢 a", False),
        ("/漢\\a", False),
        ("https://cdn.invalid/a\tb", False),
        ("https://cdn.invalid/a b", False),
        ("https://cdn.invalid\\a", False),
        ("", False),
        ("a/b", False),
        ("//elsewhere.invalid/a", False),
        ("///elsewhere.invalid/a", False),
        ("/\\elsewhere.invalid/a", False),
        ("/\t/elsewhere.invalid/a", False),
        ("\\\\elsewhere.invalid", False),
        (" https://cdn.invalid/a", False),
        ("https:///a", False),
        ("https:a", False),
        ("http://[::1", False),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("file:///etc/passwd", False),
        ("vbscript:x", False),
        ("https://cdn.invalid/a\r\nSet-Cookie: a=b", False),
    ],
)
def test_urls_allowed_in_a_page(url: str, expected: bool) -> None:
    """HTTP addresses and paths of this server."""
    assert is_web(url) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{CDN}/assets/a?Policy=x", f"{CDN}/thumbnails/a"),
        (f"{CDN}/v2/assets-transform/a?p=100", f"{CDN}/v2/thumbnails/a"),
        ("/library/assets/a?Policy=x", "/library/thumbnails/a"),
        (f"{CDN}/assets/", ""),
        (f"{CDN}/other/a", ""),
        ("", ""),
    ],
)
def test_public_thumbnails_are_at_the_same_host(url: str, expected: str) -> None:
    """Without a signature."""
    assert public_thumbnail(url) == expected


def test_our_own_library_has_no_public_thumbnails() -> None:
    """An asset without a picture shows the icon of its kind."""
    url = "/library/assets/asset_1?p=100&Policy=x&Signature=y"
    shown = [
        grid_picture(Asset(id="asset_1", kind="3d", url=each)).src for each in (url, CDN + url)
    ]
    assert shown == ["", f"{CDN}/library/thumbnails/asset_1"]
