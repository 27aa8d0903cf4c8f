"""The Share menu of a page, and the preview that messengers show of a link to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.exports.contact_sheet import PREVIEW_SIZE
from app.query import describe

if TYPE_CHECKING:
    from app.exports.formats import ExportFormat, ExportFormats, SelectionExport
    from app.query.search import Search
    from app.viewmodels.asset import AssetView
    from app.viewmodels.results import ResultsView


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview of a link, with absolute URLs; `image_url` is empty without a picture."""

    title: str
    description: str
    url: str
    image_url: str
    image_size: tuple[int, int] | None = None  # width and height in pixels


def asset_preview(page: AssetView, *, origin: str, has_preview: bool) -> Preview:
    """Build the preview of a link to an asset; sensitive pictures are left out."""
    url = f"{origin}/assets/{page.asset_id}"
    shows_picture = has_preview and bool(page.picture.src) and not page.card.is_sensitive
    return Preview(
        title=page.title,
        description=" · ".join(filter(None, (page.card.kind_name, page.card.facts))),
        url=url,
        image_url=f"{url}/image" if shows_picture else "",
    )


def search_preview(search: Search, *, origin: str) -> Preview:
    """Build the preview of a link to a search without requesting anything from the API."""
    return Preview(
        title=describe.title(search),
        description="Akin",
        url=origin + search.url(),
        image_url=origin + search.url("/search.png"),
        image_size=PREVIEW_SIZE,
    )


@dataclass(frozen=True, slots=True)
class ExportLink:
    """An export of a search."""

    label: str
    url: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class Sharing:
    """The links of the Share menu, and the preview of a link to the page."""

    preview: Preview
    url: str
    exports: tuple[ExportLink, ...]
    feeds: tuple[ExportLink, ...]  # that feed readers can discover; none where they must sign in
    code_url: str
    provenance_url: str
    review_url: str  # of the form that makes a review of the first hits
    feeds_url: str  # of the page that makes signed addresses; empty where no sign-in is needed
    of_selection: tuple[ExportFormat[SelectionExport], ...]  # for the assets ticked on the page


def sharing(
    page: ResultsView,
    formats: ExportFormats,
    *,
    origin: str,
    has_preview: bool,
    is_open: bool = True,
    has_feeds: bool = False,
) -> Sharing:
    """Build the links of a page of results; absolute ones begin with `origin`.

    `has_preview`: its pictures are visible to everyone who has its link. `is_open`: no sign-in is
    needed. `has_feeds`: signed-in users can make signed addresses, which replace the feeds that a
    feed reader would have to sign in for.
    """
    suffix = page.search.url("")  # without the display, which makes no difference to programs
    links = [
        (
            each,
            ExportLink(each.label, f"/search.{each.suffix}{suffix}", each.mime_type),
        )
        for each in formats.of_search
    ]
    return Sharing(
        preview=Preview(
            title=page.title,
            description=page.count or "Pictures",
            url=origin + page.canonical,
            image_url=f"{origin}/search.png{suffix}" if has_preview and page.cards else "",
            image_size=PREVIEW_SIZE,
        ),
        url=page.canonical,
        exports=tuple(link for each, link in links if not (has_feeds and each.is_feed)),
        feeds=tuple(link for each, link in links if is_open and each.is_feed),
        code_url=page.link(page.search, "/code"),
        provenance_url=page.link(page.search, "/provenance"),
        review_url=page.link(page.search, "/reviews/new"),
        feeds_url=page.link(page.search, "/feeds") if has_feeds else "",
        of_selection=tuple(each for each in formats.of_selection if each.on_results),
    )
