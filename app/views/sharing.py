"""Sharing: the addresses under which a page is handed on, and what its preview shows.

Every address is absolute, for those who read it without having been here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app import words

if TYPE_CHECKING:
    from app.search import Search
    from app.views.asset import AssetView
    from app.views.results import ResultsView

PREVIEW_SIZE: Final = (1200, 630)  # pixels: the shape that messengers show whole


@dataclass(frozen=True, slots=True)
class Preview:
    """What a messenger shows of a link; `image_url` is empty where no picture may be shown."""

    title: str
    description: str
    url: str
    image_url: str
    image_size: tuple[int, int] | None = None  # width and height in pixels


def asset_preview(page: AssetView, *, origin: str, has_preview: bool) -> Preview:
    """What a link to an asset shows; sensitive pictures are never shown unasked."""
    url = f"{origin}/assets/{page.asset_id}"
    shows_picture = has_preview and bool(page.picture.src) and not page.card.is_sensitive
    return Preview(
        title=page.title,
        description=" · ".join(filter(None, (page.card.kind_name, page.card.facts))),
        url=url,
        image_url=f"{url}/image" if shows_picture else "",
    )


def search_preview(search: Search, *, origin: str) -> Preview:
    """What a link to a search shows before anybody has signed in: nothing is asked for it."""
    return Preview(
        title=words.title(search),
        description="Akin",
        url=origin + search.url(),
        image_url=origin + search.url("/search.png"),
        image_size=PREVIEW_SIZE,
    )


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a search is handed on."""

    preview: Preview
    url: str
    json_url: str
    csv_url: str
    atom_url: str
    found_url: str  # of the feed that programs find by themselves; empty where none could read it
    code_url: str
    feeds_url: str  # where addresses for programs are made; empty where nobody has to sign in


def sharing(
    page: ResultsView,
    *,
    origin: str,
    has_preview: bool,
    is_open: bool = True,
    has_feeds: bool = False,
) -> Sharing:
    """The addresses of a page of results, which begin with `origin` where they are absolute.

    With `has_preview` whoever is sent its link is shown its pictures; where it `is_open` nobody
    has to sign in, which a feed reader cannot; `has_feeds`, who is signed in can make it a link.
    """
    canonical = page.canonical
    suffix = page.search.url("")  # what every address of this search ends with
    return Sharing(
        preview=Preview(
            title=page.title,
            description=page.count or "Pictures",
            url=origin + canonical,
            image_url=f"{origin}/search.png{suffix}" if has_preview and page.cards else "",
            image_size=PREVIEW_SIZE,
        ),
        url=canonical,
        json_url=f"/search.json{suffix}",
        csv_url=f"/search.csv{suffix}",
        atom_url=f"/search.atom{suffix}",
        found_url=f"/search.atom{suffix}" if is_open else "",
        code_url=f"/code{suffix}",
        feeds_url=f"/feeds{suffix}" if has_feeds else "",
    )
