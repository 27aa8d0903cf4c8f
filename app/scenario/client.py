"""Client of the Scenario API: calls and their responses as values of the application.

`app.scenario.protocol` serializes a call and parses its response, `app.scenario.transport` sends
it, and `app.scenario.response_cache` stores the response under the meaning of the call: the
canonical search, not the bytes of the example pictures in it.
"""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Final

import cachetools
import msgspec

from app.errors import InvalidUpstreamResponse
from app.query.params import MOST_HITS
from app.scenario import decoding, image_urls, library, request_budget, write_calls
from app.scenario.field_tags import is_field_tag
from app.scenario.lenient_json import decode
from app.scenario.protocol import MOST_BULK, Call, asset_calls, search_call
from app.scenario.response_cache import CacheKey
from app.scenario.signed_urls import first_expiry
from app.scenario.writing import WritingClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from app.query.search import Search
    from app.scenario.assets import Asset, AssetListing, Named, ResultPage
    from app.scenario.overlay import Overlay
    from app.scenario.request_budget import RequestBudget
    from app.scenario.response_cache import CachedResponse, ResponseCache
    from app.scenario.transport import Transport
    from app.scenario.writing import OnRefused

DERIVED_SIZE: Final = 48  # assets of a page of a lineage
MOST_LISTED: Final = 20  # pages of a listing
MOST_DECODED: Final = 64  # decoded result pages in memory: some 200 kB each

# Lifetimes of responses, in AKIN_CACHE_SECONDS. New assets are frequent, but seldom at the top of
# what is ranked by words or examples; an asset hardly ever changes (and the catalog notices in a
# later hit that it has), and a collection is seldom renamed. A reload without cache (Shift) gets
# what is new at once.
RANKED_LIFETIME: Final = 15.0
ASSET_LIFETIME: Final = 240.0
LISTING_LIFETIME: Final = 30.0


class Client(WritingClient):
    """The calls of the API. Every method may raise an UpstreamError.

    A method with a `budget` uses that of the request in progress where none is passed.
    """

    def __init__(
        self,
        transport: Transport,
        cache: ResponseCache,
        *,
        extras: Mapping[str, object] | None = None,
        is_library: bool = False,
        overlay: Overlay | None = None,
        on_refused_write: OnRefused = lambda *, is_tags: None,  # noqa: ARG005 - its signature
    ) -> None:
        """Send calls through `transport`, except those whose response is in `cache`.

        `extras` go into the body of searches for a whole page: see `search_call`. `is_library`: the
        API is Akin's own library, which has more fields and calls, and no delay after a write that
        an `overlay` has to bridge.
        """
        super().__init__(transport, is_library=is_library, on_refused=on_refused_write)
        self._overlay = overlay
        self._extras = dict(extras or {})
        self._generation = ""  # of Akin's own library: older responses are not used any more
        self._cache = cache
        self._decoded: cachetools.LRUCache[tuple[bytes, int], ResultPage] = cachetools.LRUCache(
            MOST_DECODED
        )
        self._guard = threading.Lock()  # cachetools has none of its own

    def search(
        self,
        search: Search,
        expand: Callable[[str], str],
        budget: RequestBudget | None = None,
        *,
        by_group: bool = False,
    ) -> ResultPage:
        """Return one page of hits; `expand` turns a `ref_...` into a data URL.

        `by_group`: one hit for each group, where the API is Akin's own library.
        """
        decoded: list[ResultPage] = []  # by the check, where this caller sends the call
        response = self._search(
            search, expand, decoded, budget, self._grouping(self._extras, by_group)
        )
        key = (response.digest, search.size)
        with self._guard:
            page = decoded[-1] if decoded else self._decoded.get(key)
        if page is None:
            page = self._page(response.body, search.size)
        with self._guard:
            self._decoded[key] = page
        hits = self._latest(page.hits, response, by_search=True)
        return page if hits is page.hits else msgspec.structs.replace(page, hits=hits)

    def closest(
        self,
        search: Search,
        expand: Callable[[str], str],
        hits: tuple[Asset, ...],
        budget: RequestBudget | None = None,
        *,
        by_group: bool = False,
    ) -> tuple[Asset, ...]:
        """Return at most a page of what is closest to an auto search in meaning, but its `hits`.

        Akin's own library leaves out the hits of all pages; otherwise `hits` has to be all of them.
        """
        size = search.size if self.is_library else min(search.size + len(hits), MOST_HITS)
        wanted = search.closest().with_(page=1, offset=None, limit=None, hitsPerPage=size)
        others: dict[str, object] = {"exactWords": "except"} if self.is_library else {}
        extras = self._grouping(others, by_group)
        response = self._search(wanted, expand, [], budget, extras)
        page = self._page(response.body, size)
        known = {hit.id for hit in hits} | {hit.group.id for hit in hits if hit.group}
        latest = self._latest(page.hits, response, by_search=True)
        ids = ((hit, {hit.id, hit.group.id if hit.group else hit.id}) for hit in latest)
        return tuple(hit for hit, own in ids if not own & known)[: search.size]

    def as_sent(self, search: Search) -> tuple[Search, dict[str, object]]:
        """Return a search as the API takes it, and the fields of its body that no search has.

        Akin's own library leaves out guesses where the search is auto.
        """
        if not self.is_library:
            return search.without_extensions().with_field_tags(), {}
        return search, {"exactWords": "only"} if search.is_auto else {}

    def count(
        self, search: Search, expand: Callable[[str], str], budget: RequestBudget | None = None
    ) -> int | None:
        """Return the number of hits; None where the API returns an estimate only."""
        one = search.with_(offset=None, limit=None, page=1, hitsPerPage=1)
        return decoding.result_page(self._search(one, expand, [], budget).body, size=1).total

    def raw_search(self, search: Search, expand: Callable[[str], str]) -> bytes:
        """Return the JSON of the API for one page of hits."""
        return self._search(search, expand, [], None).body

    def asset(
        self, asset_id: str, *, original: bool = False, budget: RequestBudget | None = None
    ) -> Asset:
        """Return one asset with everything that the API knows about it."""
        response = self._asset_response(asset_id, original=original, budget=budget)
        found = self._shown(decoding.asset(response.body))
        return self._latest((found,), response, by_search=False)[0]

    def raw_asset(
        self, asset_id: str, *, original: bool = False, budget: RequestBudget | None = None
    ) -> bytes:
        """Return the JSON of the API for one asset."""
        return self._asset_response(asset_id, original=original, budget=budget).body

    def _asset_response(
        self, asset_id: str, *, original: bool, budget: RequestBudget | None
    ) -> CachedResponse:
        params = (("originalAssets", "true"),) if original else ()
        call = Call("GET", f"/assets/{asset_id}", params)
        return self._cached_response(call, decoding.asset, lifetime=ASSET_LIFETIME, budget=budget)

    def assets(self, ids: Iterable[str], budget: RequestBudget | None = None) -> dict[str, Asset]:
        """Return the assets that exist, by id; one call for every 200."""
        by_id: dict[str, Asset] = {}
        for call in asset_calls(ids):
            response = self._cached_response(
                call, decoding.assets, lifetime=ASSET_LIFETIME, budget=budget
            )
            found = tuple(map(self._shown, decoding.assets(response.body)))
            latest = self._latest(found, response, by_search=False)
            by_id |= {asset.id: asset for asset in latest}
        return by_id

    def derived(self, asset_id: str, *, all_levels: bool = False, token: str = "") -> AssetListing:
        """Return a page of the assets that were made from one; `token` is that of the page before.

        With `all_levels` also those made from these, where the asset is the first of its lineage.
        """
        relation = "rootAssetId" if all_levels else "parentAssetId"
        params = [(relation, asset_id), ("pageSize", str(DERIVED_SIZE))]
        params += [("paginationToken", token)] if token else []
        call = Call("GET", "/assets", tuple(params))
        found = decoding.asset_listing(self._cached(call, decoding.asset_listing, lifetime=1.0))
        return msgspec.structs.replace(found, assets=tuple(map(self._shown, found.assets)))

    def download(self, asset_id: str, target_format: str = "") -> str:
        """Return a new signed URL of the file, converted to a format where one is given."""
        body = msgspec.json.encode({"targetFormat": target_format} if target_format else {})
        call = Call("POST", f"/assets/{asset_id}/download", (), body)
        return _download_url(self._transport.send(call, _download_url, request_budget.current()))

    def collections(self) -> tuple[Named, ...]:
        """Return every collection."""
        return self._listing("/collections", decoding.collections)

    def tags(self) -> tuple[Named, ...]:
        """Return every tag that does not stand for a field."""
        listed = self._listing("/tags", decoding.tags)
        return tuple(tag for tag in listed if self.is_library or not is_field_tag(tag.name))

    def models(self, ids: Iterable[str]) -> tuple[Named, ...]:
        """Return the names of models, by id."""
        unique = sorted(set(ids))[:MOST_BULK]
        if not unique:
            return ()
        body = msgspec.json.encode({"modelIds": unique})
        call = Call("POST", "/models/get-bulk", (("minimal", "true"),), body)
        return decoding.models(self._cached(call, decoding.models, lifetime=LISTING_LIFETIME))

    def folders(
        self, search: Search, expand: Callable[[str], str], folder: str
    ) -> library.FolderLevel:
        """Return the folders in `folder` that have hits; only from Akin's own library."""
        one = search.with_(offset=None, limit=None, page=1, hitsPerPage=1)
        body = self._search(one, expand, [], None, {"folders": [folder]}).body
        return library.levels(body).get(folder) or library.FolderLevel()

    def overview(self) -> library.Overview:
        """Return the folders of Akin's own library, and the numbers of problems with files."""
        return library.overview(self._fresh("/library", library.overview))

    def indexing(self, budget: RequestBudget) -> library.Indexing:
        """Return the progress of the indexer of Akin's own library.

        Cached responses from before the library's last change are not used from then on.
        """
        call = Call("GET", "/library/indexing")
        found = library.indexing(self._transport.send(call, library.indexing, budget))
        self._generation = str(found.generation)
        return found

    def database(self) -> library.DatabaseState:
        """Return whether Akin's own library can be written now."""
        call, budget = Call("GET", "/library/database"), request_budget.current()
        return library.database(self._transport.send(call, library.database, budget))

    def problems(self, category: str, token: str) -> library.FileProblems:
        """Return a page of the problems with files, of one category; only from Akin's library."""
        params = [("category", category)] if category else []
        params += [("paginationToken", token)] if token else []
        return library.problems(self._fresh("/library/problems", library.problems, *params))

    def file_path(self, asset_id: str) -> str:
        """Return where a file is on this machine; only from Akin's own library, in this process."""
        return library.path(self._fresh(f"/library/files/{asset_id}", library.path))

    def prune(self) -> int:
        """Remove the assets of Akin's own library whose files are missing; return their number."""
        call = Call("POST", "/library/prune")
        body = self._transport.send(call, library.removed, request_budget.current())
        return library.removed(body)

    def trash(self, asset_ids: Sequence[str], *, by: str = "") -> library.Trashed:
        """Move files of Akin's own library to the trash of its machine; failures by asset."""
        body = self._write(write_calls.trash(asset_ids), by, library.trashed)
        return library.trashed(body)

    def _page(self, body: bytes, size: int) -> ResultPage:
        return decoding.result_page(body, size=size, has_field_tags=not self.is_library)

    def _fresh(
        self, path: str, check: Callable[[bytes], object], *params: tuple[str, str]
    ) -> bytes:
        """Return the response to a call that is not cached."""
        return self._transport.send(Call("GET", path, params), check, request_budget.current())

    def _listing(self, path: str, read: Callable[[bytes], tuple[Named, ...]]) -> tuple[Named, ...]:
        listed: list[Named] = []
        token: str | None = None
        for _ in range(MOST_LISTED):
            params = (("pageSize", "100"), *((("paginationToken", token),) if token else ()))
            body = self._cached(Call("GET", path, params), read, lifetime=LISTING_LIFETIME)
            listed += read(body)
            token = decoding.next_token(body)
            if token is None:
                break
        return tuple(listed)

    def _search(
        self,
        search: Search,
        expand: Callable[[str], str],
        decoded: list[ResultPage],
        budget: RequestBudget | None,
        extras: Mapping[str, object] | None = None,
    ) -> CachedResponse:
        search, own = self.as_sent(search)
        extras = {**(extras or {}), **own}

        def check(body: bytes) -> None:
            decoded.append(self._page(body, search.size))

        def fetch(budget: RequestBudget) -> bytes:
            return self._transport.send(search_call(search, expand, extras), check, budget)

        key = self._key(search_call(search, str, extras))
        # On the first page of the newest assets people look for what has just been made.
        lifetime = RANKED_LIFETIME if search.is_ranked or search.first else 1.0
        return self._cache.get(
            CacheKey(key, fetch, first_expiry, lifetime), budget or request_budget.current()
        )

    def _grouping(self, extras: Mapping[str, object], by_group: bool) -> Mapping[str, object]:
        return {**extras, "groupBy": "group"} if by_group and self.is_library else extras

    def _latest(
        self, assets: tuple[Asset, ...], response: CachedResponse, *, by_search: bool
    ) -> tuple[Asset, ...]:
        """Return assets of a response with the changes that it does not show yet."""
        if self._overlay is None:
            return assets
        budget = request_budget.current()
        latest, digest = self._overlay.shown(
            assets,
            requested=response.fetched,
            by_search=by_search,
            newer_than=budget.newer_than,
        )
        if not digest:
            return assets
        budget.responses.add(digest)
        return latest

    def _cached(
        self,
        call: Call,
        check: Callable[[bytes], object],
        *,
        lifetime: float,
        budget: RequestBudget | None = None,
    ) -> bytes:
        return self._cached_response(call, check, lifetime=lifetime, budget=budget).body

    def _cached_response(
        self,
        call: Call,
        check: Callable[[bytes], object],
        *,
        lifetime: float,
        budget: RequestBudget | None = None,
    ) -> CachedResponse:
        def fetch(budget: RequestBudget) -> bytes:
            return self._transport.send(call, check, budget)

        key = CacheKey(self._key(call), fetch, first_expiry, lifetime)
        return self._cache.get(key, budget or request_budget.current())

    def _key(self, call: Call) -> str:
        key = f"{self._transport.scope}{self._generation}{call.key}"
        return hashlib.sha256(key.encode()).hexdigest()


def _download_url(body: bytes) -> str:
    loose = decode(body)
    url = loose.get("url") if isinstance(loose, dict) else None
    if not isinstance(url, str) or not image_urls.is_web(url):
        raise InvalidUpstreamResponse("The response has no address to download from.")
    return url
