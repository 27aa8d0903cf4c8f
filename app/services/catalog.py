"""Searches and assets as pages need them: what is missing is left out and reported.

Asks the client of the API and the stored reference images. Knows nothing of Flask.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from app.errors import (
    InvalidReference,
    NotFound,
    OptionalCallRefused,
    Problem,
    StorageFailed,
    UnknownAsset,
    UnknownReference,
    UpstreamError,
)
from app.query import describe
from app.query.display import Display
from app.query.filters import EXTENSIONS, PARENTS
from app.query.params import is_reference
from app.query.sorts import is_extension, sort_label
from app.scenario import request_budget
from app.scenario.assets import AssetListing
from app.scenario.lenient_json import decode
from app.scenario.signed_urls import is_fresh
from app.services import alternatives
from app.services.results import SearchResult, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.query.search import Search
    from app.scenario.assets import Asset, ResultPage
    from app.scenario.client import Client
    from app.scenario.library import FolderLevel
    from app.scenario.request_budget import RequestBudget
    from app.services.images.reference_images import ReferenceImages
    from app.services.indexer import Indexer
    from app.services.known_assets import KnownAssets
    from app.services.labels import Labels
    from app.services.time_limits import TimeLimits

FEW: Final = 24  # hits of the Scenario API, with which the closest are requested as well

log = logging.getLogger(__name__)


class Catalog:
    """Searches and assets of one application."""

    def __init__(
        self,
        client: Client,
        references: ReferenceImages,
        labels: Labels,
        known: KnownAssets,
        *,
        by_library: bool,
        limits: TimeLimits,
        indexer: Indexer | None = None,
    ) -> None:
        """Send nothing yet; `by_library`: the API is Akin's own library, in this process.

        Its `indexer` is asked before each search: then no older response is used.
        """
        self._indexer = indexer
        self._client = client
        self._references = references
        self._labels = labels
        self._known = known
        self._limits = limits
        self.by_library = by_library

    @property
    def is_library(self) -> bool:
        """True where the API is Akin's own library, in this process or another."""
        return self._client.is_library

    # searches

    def find(
        self, search: Search, display: Display | None = None, problems: Iterable[Problem] = ()
    ) -> SearchResult:
        """Return the result of a search; an error is a part of the result.

        Examples that do not exist are left out of the search and reported as problems.
        """
        all_problems = list(problems)
        indexing = self._indexer.progress() if self._indexer and self.by_library else None
        page: ResultPage | None = None
        error: UpstreamError | None = None
        search = self._without_extensions(search, all_problems)
        by_group = display.groups if display else False
        try:
            search = self._without_lost_references(search, all_problems)
            try:
                page = self.page(search, by_group=by_group)
            except UnknownAsset:
                search = self._without_lost_assets(search, all_problems)
                page = self.page(search, by_group=by_group)
        except UpstreamError as raised:
            error = raised
        closest = self.closest(search, page, by_group=by_group) if page is not None else ()
        vocabulary = self._vocabulary(search, page)
        is_without_results = page is not None and not page.hits and not search.first
        return SearchResult(
            search=search,
            display=display or Display(),
            result=page,
            closest=closest,
            known=self._known.among(search.examples) if error else self.examples(search.examples),
            vocabulary=vocabulary,
            ways=self._alternatives(search, vocabulary) if is_without_results else (),
            problems=tuple(all_problems),
            error=error,
            notice=stale_notice(),
            by_library=self.by_library,
            indexing=indexing,
            lists_problems=self._client.is_library,
        )

    def page(
        self, search: Search, budget: RequestBudget | None = None, *, by_group: bool = False
    ) -> ResultPage:
        """Return one page of hits. Raises UpstreamError, UnknownReference."""
        page = self._client.search(search, self._expand, budget, by_group=by_group)
        self._known.put(page.hits)
        return page

    def closest(
        self, search: Search, page: ResultPage, *, by_group: bool = False
    ) -> tuple[Asset, ...]:
        """Return what is shown below `page` if it has the last hits of an auto search.

        Over the Scenario API it is requested only where few were found. Optional: it is not sent
        near the rate limit, and a failure returns no assets.
        """
        is_last = not page.has_next and (page.hits or not search.first)
        if not search.is_auto or search.sortBy or not is_last:
            return ()
        if not self._client.is_library and (search.first or len(page.hits) > FEW):
            return ()
        try:
            budget = request_budget.current().limited(optional=True)
            closest = self._client.closest(
                search, self._expand, page.hits, budget, by_group=by_group
            )
        except (UpstreamError, OptionalCallRefused) as error:
            log.info("no closest assets: %s", error)
            return ()
        self._known.put(closest)
        return closest

    def count(self, search: Search, budget: RequestBudget | None = None) -> int | None:
        """Return the number of hits; None where only an estimate is known. Raises UpstreamError."""
        return self._client.count(search, self._expand, budget)

    def response(self, search: Search) -> dict[str, Any]:
        """Return the API's own response to a search. Raises UpstreamError."""
        response: dict[str, Any] = decode(self._client.raw_search(search, self._expand))
        return response

    # assets

    def asset(self, asset_id: str) -> Asset:
        """Return an asset whose URLs have not expired. Raises UpstreamError."""
        asset = self._known.get(asset_id)
        if asset is None or not _is_openable(asset):
            asset = self._client.asset(asset_id)
            self._known.put([asset])
        return asset

    def single(self, asset_id: str) -> Asset:
        """Return an asset as the API returns it alone, with its group. Raises UpstreamError."""
        return self._client.asset(asset_id)

    def assets(self, ids: Iterable[str], budget: RequestBudget | None = None) -> dict[str, Asset]:
        """Return those of some assets that exist, as they are now. Raises UpstreamError."""
        assets = self._client.assets(ids, budget)
        self._known.put(assets.values())
        return assets

    def derived(self, asset_id: str, *, all_levels: bool = False, token: str = "") -> AssetListing:
        """Return a page of the assets that were made from one. Raises UpstreamError.

        Without any where the server does not have the call.
        """
        try:
            listing = self._client.derived(asset_id, all_levels=all_levels, token=token)
        except UpstreamError as error:
            if error.upstream_status not in {404, 405}:
                raise
            return AssetListing(())
        self._known.put(listing.assets)
        return listing

    def examples(self, ids: Iterable[str]) -> dict[str, Asset]:
        """Return the assets among some examples; only those that no page has shown are fetched.

        Those that cannot be fetched in a short time are left out.
        """
        ids = [each for each in ids if not is_reference(each)]
        assets = self._known.among(ids)
        missing = [each for each in ids if each not in assets]
        if missing:
            budget = request_budget.current().limited(self._limits.examples, optional=True)
            try:
                assets |= self.assets(missing, budget)
            except (UpstreamError, OptionalCallRefused) as error:
                log.info("no names for examples: %s", error)
        return assets

    # parts of a search

    def _vocabulary(self, search: Search, page: ResultPage | None) -> Vocabulary:
        models = {*search.facet("modelId").any, *search.facet("baseModelId").any}
        for hit in page.hits if page else ():
            models |= {each for each in (hit.metadata.modelId, hit.metadata.baseModelId) if each}
        return Vocabulary(
            collections=self._labels.collections(),
            tags=self._labels.tags(),
            models=self._labels.models(models),
            parents=self._parents(search),
        )

    def _parents(self, search: Search) -> dict[str, str]:
        """Return the names of the parents that a search is limited to, by id."""
        ids = {each for field in PARENTS for each in search.facet(field).values}
        return {each.id: each.name for each in self.examples(ids).values()} if ids else {}

    def _alternatives(self, search: Search, vocabulary: Vocabulary) -> tuple[alternatives.Way, ...]:
        return alternatives.counted(
            search, vocabulary.names, self.count, seconds=self._limits.alternatives
        )

    def _expand(self, example: str) -> str:
        """Return a `ref_...` as a data URL, an asset's id unchanged. Raises UnknownReference."""
        return self._references.data_url(example) if is_reference(example) else example

    def _without_extensions(self, search: Search, problems: list[Problem]) -> Search:
        """Return the search without the conditions that only Akin's own library knows."""
        if self._client.is_library:
            return search
        for facet in search.facets:
            if facet.field in EXTENSIONS:
                values = ", ".join(facet.values)
                label = describe.SPECS[facet.field].noun
                message = f"The API cannot filter by {label}. The condition was left out."
                problems.append(Problem(facet.field, values, message))
        for order in filter(is_extension, search.sortBy):
            message = f"The API cannot sort this way: {sort_label(order)}. The order was left out."
            problems.append(Problem("sortBy", order, message))
        return search.without_extensions()

    def folders(self, search: Search, folder: str) -> FolderLevel:
        """Return the folders in a folder that have hits. Raises UpstreamError, NotFound."""
        if not self._client.is_library:
            raise NotFound("This library has no folders.")
        return self._client.folders(search, self._expand, folder)

    def _without_lost_references(self, search: Search, problems: list[Problem]) -> Search:
        for example in search.examples:
            try:
                self._expand(example)
            except (UnknownReference, InvalidReference, StorageFailed) as error:
                side = "like" if example in search.like else "unlike"
                problems.append(Problem(side, example, f"{error.message} It was left out."))
                search = search.without(side, example)
        return search

    def _without_lost_assets(self, search: Search, problems: list[Problem]) -> Search:
        """Return the search without assets that do not exist. Raises UnknownAsset if all do."""
        ids = [example for example in search.examples if not is_reference(example)]
        assets = self._client.assets(ids)
        lost = [each for each in ids if each not in assets]
        if not lost:
            raise UnknownAsset("The library does not know something that this search names.")
        for example in lost:
            side = "like" if example in search.like else "unlike"
            problems.append(Problem(side, example, "This asset does not exist. It was left out."))
            search = search.without(side, example)
        return search


def stale_notice() -> str:
    """Return why this request was answered from expired cache entries; empty where it was not."""
    responses = request_budget.current().responses
    reason = responses.stale_reason
    return describe.stale(responses.stale_seconds, reason.title) if reason else ""


def _is_openable(asset: Asset) -> bool:
    urls = [asset.url, asset.thumbnail.url if asset.thumbnail else None]
    return all(is_fresh(url) for url in urls if url)
