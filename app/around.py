"""What stands around an asset or a search: neighbours, variants, what is like it or near to it.

Asks through `Site`, so every search here is one that a page could show, and is cached as such.
"""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from app import visits
from app.errors import AkinError, UpstreamError
from app.search import Search
from app.views.asset import variants_of

if TYPE_CHECKING:
    from app.assets import Asset
    from app.display import Display
    from app.site import Site

log = logging.getLogger(__name__)

STRIP: Final = 12  # assets in a strip
CLOSEST: Final = 8  # pictures below an empty page

Strip = Literal["similar", "variants"]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The assets before and after one in a search; an empty address where there is none."""

    previous: str = ""
    next: str = ""
    position: int = 0  # from 1; 0 where the asset is not on the page that the search names
    total: int | None = None


def neighbours(site: Site, search: Search, display: Display, asset_id: str) -> Neighbours:
    """Find the neighbours of an asset in the search it came from, over the edges of its page.

    A search that fails has no neighbours: the asset's page is shown all the same.
    """
    try:
        page = site.page_of(search)
        ids = [hit.id for hit in page.hits]
        if asset_id not in ids:
            return Neighbours()
        at = ids.index(asset_id)
        before = after = ""
        if at > 0:
            before = display.url(search, f"/assets/{ids[at - 1]}")
        elif search.first:
            earlier = search.before()
            hits = site.page_of(earlier).hits
            before = display.url(earlier, f"/assets/{hits[-1].id}") if hits else ""
        if at + 1 < len(ids):
            after = display.url(search, f"/assets/{ids[at + 1]}")
        elif page.has_next:
            later = search.after()
            hits = site.page_of(later).hits
            after = display.url(later, f"/assets/{hits[0].id}") if hits else ""
    except UpstreamError:
        return Neighbours()
    return Neighbours(before, after, search.first + at + 1, page.total)


def strip(site: Site, asset_id: str, which: Strip) -> tuple[Search | None, tuple[Asset, ...]]:
    """Answer the search of a strip and its assets, without the asset itself.

    Raises UpstreamError.
    """
    if which == "similar":
        search: Search | None = Search().similar(asset_id)
    else:
        search = variants_of(site.asset(asset_id))
    if search is None:
        return None, ()
    # A whole page, though a strip is shorter: the page that it leads to is then known already.
    hits = site.page_of(search).hits
    return search, tuple(hit for hit in hits if hit.id != asset_id)[:STRIP]


def closest(site: Site, search: Search) -> tuple[Search, tuple[Asset, ...]]:
    """Answer the same search by meaning, and its first assets that the reader wants to see.

    Nobody has asked for it: it is spared near the ceiling of calls, and what fails finds nothing.
    """
    visits.current().is_prefetch = True
    by_meaning = search.by_meaning()
    try:
        hits = site.page_of(by_meaning).hits
    except AkinError as error:
        log.info("nothing near: %s", error)
        return by_meaning, ()
    shown = (hit for hit in hits if not (hit.nsfw and search.nsfw == "blur"))
    return by_meaning, tuple(itertools.islice(shown, CLOSEST))
