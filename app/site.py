"""What the pages are built from: asks the client, keeps what may go wrong on the page.

Stands between pages and view models: a page that asked for a search gets a view in any case, with
the error in it where there was one. Knows nothing of Flask.
"""

from __future__ import annotations

import io
import logging
import threading
from typing import TYPE_CHECKING, Any

import cachetools

from app import counting, images, views, visits, words
from app.decoding import decode
from app.display import Display
from app.errors import (
    FileGone,
    InvalidReference,
    Problem,
    StorageFailed,
    UnknownAsset,
    UnknownReference,
    UnreachableReference,
    UntrustedAddress,
    UpstreamError,
)
from app.media import Media
from app.names import Names
from app.references import is_reference
from app.sending import open_session
from app.signed import is_fresh
from app.views import Found, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.assets import Asset, ResultPage
    from app.references import References
    from app.scenario import Client
    from app.search import Search
    from app.views import AssetView
    from config import Settings

log = logging.getLogger(__name__)

MOST_KNOWN: int = 5000  # assets kept from the pages shown, for the names in the bar
EXAMPLE_SECONDS: float = 2.0  # that a page waits for the names of the pictures in its bar


class Site:
    """The services of one application, and what it remembers between requests."""

    def __init__(
        self,
        settings: Settings,
        client: Client,
        references: References,
        media: Media,
        *,
        mounts: Mapping[str, str] | None = None,
    ) -> None:
        """Remember nothing yet; `mounts` as in `create_app`."""
        self.settings = settings
        self.client = client
        self.references = references
        self.media = media
        self._elsewhere = Media(open_session("", "", ""), origins=settings.reference_origins)
        self._mounts = dict(mounts or {})
        self._known: cachetools.LRUCache[str, Asset] = cachetools.LRUCache(MOST_KNOWN)
        self.names = Names(client)
        self._guard = threading.Lock()

    def find(
        self, search: Search, display: Display | None = None, problems: Iterable[Problem] = ()
    ) -> Found:
        """Ask for a search, whatever happens.

        Examples that are gone are left out and reported; any other failure is shown on the page,
        with the search kept.
        """
        noticed = list(problems)
        result: ResultPage | None = None
        error: UpstreamError | None = None
        try:
            search = self._without_lost_references(search, noticed)
            try:
                result = self.page_of(search)
            except UnknownAsset:
                search = self._without_lost_assets(search, noticed)
                result = self.page_of(search)
        except UpstreamError as raised:
            error = raised
        vocabulary = self._vocabulary(search, result)
        is_nothing = result is not None and not result.hits and not search.first
        return Found(
            search=search,
            display=display or Display(),
            result=result,
            known=self.known(search.examples) if error is None else self._remembered(search),
            vocabulary=vocabulary,
            ways=counting.ways_out(search, vocabulary.names, self.count) if is_nothing else (),
            problems=tuple(noticed),
            error=error,
            notice=self.notice(),
            by_library=self.is_by_library,
        )

    def _vocabulary(self, search: Search, result: ResultPage | None) -> Vocabulary:
        """The names for what a page of results shows."""
        models = {*search.facet("modelId").any, *search.facet("baseModelId").any}
        for hit in result.hits if result else ():
            models |= {each for each in (hit.metadata.modelId, hit.metadata.baseModelId) if each}
        return Vocabulary(
            collections=self.names.collections(),
            tags=self.names.tags(),
            models=self.names.models(models),
        )

    def page_of(self, search: Search) -> ResultPage:
        """One page of hits, remembered. Raises UpstreamError, UnknownReference."""
        result = self.client.search(search, self.expand)
        self._remember(result.hits)
        return result

    def count(self, search: Search) -> int | None:
        """How many a search finds; None where only an estimate is known. Raises UpstreamError."""
        return self.client.count(search, self.expand)

    def answer(self, search: Search) -> dict[str, Any]:
        """The API's own answer to a search, as it came. Raises UpstreamError."""
        answer: dict[str, Any] = decode(self.client.raw_search(search, self.expand))
        return answer

    @property
    def is_by_library(self) -> bool:
        """Akin's own library answers, in this process."""
        return bool(self._mounts)

    @staticmethod
    def notice() -> str:
        """Why what was asked during this visit is answered by what is old, where it is."""
        visit = visits.current()
        return words.stale(visit.oldest, visit.excuse.title) if visit.excuse else ""

    def asset_page(self, asset_id: str, search: Search, display: Display) -> AssetView:
        """Ask for an asset and build its page. Raises UpstreamError."""
        asset = self._latest(self.client.asset(asset_id))
        self._remember([asset])
        names = {item.id: item.name for item in self.names.collections()}
        made = asset.metadata
        names |= self.names.models(each for each in (made.modelId, made.baseModelId) if each)
        return views.asset_view(
            asset,
            search,
            display,
            names=names,
            known=self.known(search.examples),
            notice=self.notice(),
            by_library=self.is_by_library,
            is_gone=self._is_gone(asset_id),
        )

    def _is_gone(self, asset_id: str) -> bool:
        """Tell whether the library knows an asset without its file; asked of our own alone."""
        if not self.is_by_library:
            return False
        try:
            self.client.download(asset_id)
        except FileGone:
            return True
        except UpstreamError:
            return False  # the page says all that is known of it
        return False

    def _latest(self, asset: Asset) -> Asset:
        """Ask again where a hit, found later, says that the asset has changed since."""
        with self._guard:
            known = self._known.get(asset.id)
        if known is None or not asset.updatedAt or (known.updatedAt or "") <= asset.updatedAt:
            return asset
        with visits.wanting_new():
            return self.client.asset(asset.id)

    def asset(self, asset_id: str) -> Asset:
        """An asset whose URLs can still be opened. Raises UpstreamError."""
        with self._guard:
            asset = self._known.get(asset_id)
        if asset is None or not _can_be_opened(asset):
            asset = self.client.asset(asset_id)
            self._remember([asset])
        return asset

    def api_url(self, host_url: str) -> str:
        """Where others find the API that this application asks; `host_url` is its own origin."""
        for mount, origin in self._mounts.items():
            if self.settings.base_url.startswith(origin):
                return host_url.rstrip("/") + mount + self.settings.base_url[len(origin) :]
        return self.settings.base_url

    def picture_at(self, address: str) -> bytes:
        """The file at an address that a reader gave, from AKIN_REFERENCE_ORIGINS alone.

        Raises UnreachableReference, or an UpstreamError where it does not come.
        """
        into = io.BytesIO()
        most = self.references.most_bytes
        try:
            self._elsewhere.fetch(address, into, most_bytes=most, seconds=self.settings.timeout)
        except UntrustedAddress as error:
            allowed = ", ".join(self.settings.reference_origins) or "no address at all"
            raise UnreachableReference(
                f"Pictures are fetched from {allowed}; "
                "whoever runs this server can change that by AKIN_REFERENCE_ORIGINS."
            ) from error
        return into.getvalue()

    def picture_of(self, asset: Asset) -> bytes:
        """What an asset's own page shows of it, as a file.

        Raises InvalidReference where that is no picture, UpstreamError.
        """
        source = images.large_picture(asset).src
        if not source:
            raise InvalidReference("There is no picture of this asset to take a part of.")
        into = io.BytesIO()
        most = self.references.most_bytes
        self.media.fetch(source, into, most_bytes=most, seconds=self.settings.timeout)
        return into.getvalue()

    def expand(self, example: str) -> str:
        """Turn a `ref_...` into a data URL, leave an asset's id. Raises UnknownReference."""
        return self.references.data_url(example) if is_reference(example) else example

    def chosen(self, ids: Iterable[str]) -> dict[str, Asset]:
        """Those of some assets that exist, as they are now. Raises UpstreamError."""
        found = self.client.assets(ids)
        self._remember(found.values())
        return found

    def known(self, examples: Iterable[str]) -> dict[str, Asset]:
        """The assets among some examples, asked for only where no page has shown them."""
        ids = [example for example in examples if not is_reference(example)]
        with self._guard:
            found = {each: self._known[each] for each in ids if each in self._known}
        missing = [each for each in ids if each not in found]
        if missing:
            try:
                with visits.at_most(EXAMPLE_SECONDS):
                    asked = self.client.assets(missing)
            except UpstreamError as error:
                log.info("no names for examples: %s", error)
                return found
            self._remember(asked.values())
            found |= asked
        return found

    def _remembered(self, search: Search) -> dict[str, Asset]:
        with self._guard:
            return {each: self._known[each] for each in search.examples if each in self._known}

    def _remember(self, hits: Iterable[Asset]) -> None:
        with self._guard:
            for hit in hits:
                self._known[hit.id] = hit

    def _without_lost_references(self, search: Search, noticed: list[Problem]) -> Search:
        for example in search.examples:
            try:
                self.expand(example)
            except (UnknownReference, InvalidReference, StorageFailed) as error:
                side = "like" if example in search.like else "unlike"
                noticed.append(Problem(side, example, f"{error.message} It was left out."))
                search = search.without(side, example)
        return search

    def _without_lost_assets(self, search: Search, noticed: list[Problem]) -> Search:
        """Leave out the examples that do not exist; raise again if they all do."""
        ids = [example for example in search.examples if not is_reference(example)]
        found = self.client.assets(ids)
        lost = [each for each in ids if each not in found]
        if not lost:
            raise UnknownAsset("The library does not know something that this search names.")
        for example in lost:
            side = "like" if example in search.like else "unlike"
            noticed.append(Problem(side, example, "This asset does not exist. It was left out."))
            search = search.without(side, example)
        return search


def _can_be_opened(asset: Asset) -> bool:
    urls = [asset.url, asset.thumbnail.url if asset.thumbnail else None]
    return all(is_fresh(url) for url in urls if url)
