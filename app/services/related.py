"""Assets related to another one or to a search: neighbours, variants, similar and closest ones.

Every search here is one that a page can show, so that its response is cached for that page.
"""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from app.errors import AkinError, UpstreamError
from app.query import filters
from app.query.search import Search
from app.scenario import request_budget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.query.display import Display
    from app.scenario.assets import Asset
    from app.services.catalog import Catalog

log = logging.getLogger(__name__)

ROW_SIZE: Final = 12  # assets in a row on an asset's page
CLOSEST_SIZE: Final = 8  # assets below a page without results
MAX_PROMPT: Final = 1500  # characters of a prompt that a filter can contain

Relation = Literal["similar", "variants"]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The URLs of the assets before and after one in a search; empty where there is none."""

    previous: str = ""
    next: str = ""
    position: int = 0  # from 1; 0 where the asset is no hit on the page of the search
    total: int | None = None


def neighbours(catalog: Catalog, search: Search, display: Display, asset_id: str) -> Neighbours:
    """Return the neighbours of an asset in a search, across the borders of its page.

    None where the search fails: the asset's page is shown without them.
    """
    try:
        page = catalog.page(search, by_group=display.groups)
        hits = list(page.hits)
        found = len(hits)
        index = _place(hits, asset_id)
        if index in {None, found - 1} and not page.has_next:
            hits += catalog.closest(search, page, by_group=display.groups)
            index = _place(hits, asset_id)
        if index is None:
            return Neighbours()
        ids = [hit.id for hit in hits]
        previous_url = next_url = ""
        if index > 0:
            previous_url = display.url(search, f"/assets/{ids[index - 1]}")
        elif search.first:
            earlier = search.before()
            before = catalog.page(earlier, by_group=display.groups).hits
            previous_url = display.url(earlier, f"/assets/{before[-1].id}") if before else ""
        if index + 1 < len(ids):
            next_url = display.url(search, f"/assets/{ids[index + 1]}")
        elif page.has_next:
            later = search.after()
            after = catalog.page(later, by_group=display.groups).hits
            next_url = display.url(later, f"/assets/{after[0].id}") if after else ""
    except UpstreamError:
        return Neighbours()
    if index >= found:  # not counted
        return Neighbours(previous_url, next_url)
    return Neighbours(previous_url, next_url, search.first + index + 1, page.cards)


def _place(hits: Sequence[Asset], asset_id: str) -> int | None:
    """Return the index of the hit that shows an asset, or its group; None without one."""
    for index, hit in enumerate(hits):
        members = hit.group.members if hit.group else ()
        if hit.id == asset_id or any(member.assetId == asset_id for member in members):
            return index
    return None


def related_to(
    catalog: Catalog, asset_id: str, relation: Relation
) -> tuple[Search | None, tuple[Asset, ...]]:
    """Return the search for what is related to an asset, and its first assets but that one.

    None and nothing where there is no such search. Raises UpstreamError.
    """
    if relation == "similar":
        search: Search | None = Search().similar(asset_id)
    else:
        search = variants_of(catalog.asset(asset_id))
    if search is None:
        return None, ()
    # A whole page, though the row is shorter: the page behind its link is in the cache then.
    hits = catalog.page(search).hits
    return search, tuple(hit for hit in hits if hit.id != asset_id)[:ROW_SIZE]


def variants_of(asset: Asset) -> Search | None:
    """Return the search for assets of the same prompt; None where no prompt is known.

    The API cannot filter by job (`parentJobId`): the prompt is what the results of a job share.
    """
    prompt = asset.metadata.prompt
    if not prompt or len(prompt) > MAX_PROMPT:
        return None
    return Search(filter=f"prompt = {filters.quote(prompt)}")


def closest(catalog: Catalog, search: Search) -> tuple[Search, tuple[Asset, ...]]:
    """Return the same search by meaning, and its first assets that may be shown.

    Optional: it is not sent near the rate limit, and a failure returns no assets.
    """
    budget = request_budget.current().limited(optional=True)
    by_meaning = search.by_meaning()
    try:
        hits = catalog.page(by_meaning, budget).hits
    except AkinError as error:
        log.info("no closest assets: %s", error)
        return by_meaning, ()
    shown = (hit for hit in hits if not (hit.nsfw and search.nsfw == "blur"))
    return by_meaning, tuple(itertools.islice(shown, CLOSEST_SIZE))
