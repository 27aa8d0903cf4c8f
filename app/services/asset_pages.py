"""An asset with what its page shows beside it: names, examples, whether its file exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.errors import FileGone, NotFound, UpstreamError
from app.scenario import request_budget
from app.services.catalog import stale_notice
from app.services.results import AssetDetails

if TYPE_CHECKING:
    from app.query.search import Search
    from app.scenario.assets import Asset
    from app.scenario.client import Client
    from app.services.catalog import Catalog
    from app.services.known_assets import KnownAssets
    from app.services.labels import Labels

MOST_NAMES: Final = 100  # of collections that a page without scripts offers


class AssetPages:
    """What the pages of assets are made from."""

    def __init__(
        self,
        client: Client,
        catalog: Catalog,
        labels: Labels,
        known: KnownAssets,
        *,
        is_local: bool,
    ) -> None:
        """Send nothing yet; `is_local`: the reader and the files are on this machine."""
        self._is_local = is_local
        self._client = client
        self._catalog = catalog
        self._labels = labels
        self._known = known

    def details(self, asset_id: str, search: Search) -> AssetDetails:
        """Return an asset, and the examples of the search it came from. Raises UpstreamError."""
        asset = self._latest(asset_id)
        self._known.put([asset])
        collections = self._labels.collection_names(asset.collectionIds)
        models = (asset.metadata.modelId, asset.metadata.baseModelId)
        names = collections | self._labels.models(each for each in models if each)
        parents = self._catalog.examples(asset.parents)
        names |= {each: parents[each].name for each in parents}
        file_path, is_gone = self._file(asset_id)
        return AssetDetails(
            asset=asset,
            names=names,
            collection_names=tuple(collections.values())[:MOST_NAMES],
            known=self._catalog.examples(search.examples),
            notice=stale_notice(),
            by_library=self._catalog.by_library,
            file_path=file_path,
            is_gone=is_gone,
        )

    @property
    def is_local(self) -> bool:
        """Whether the reader and the files are on this machine."""
        return self._is_local

    def file_path(self, asset_id: str) -> str:
        """Return where a file is on this machine. Raises UpstreamError, NotFound elsewhere."""
        if not self._is_local:
            raise NotFound("The files are not on the machine of this page.")
        return self._client.file_path(asset_id)

    def _latest(self, asset_id: str) -> Asset:
        """Return an asset; anew where a page has shown a later state of it than the cache has."""
        asset = self._client.asset(asset_id)
        known = self._known.get(asset_id)
        if known is None or not asset.updatedAt or (known.updatedAt or "") <= asset.updatedAt:
            return asset
        budget = request_budget.current().limited(fresh=True)
        return self._client.asset(asset_id, budget=budget)

    def _file(self, asset_id: str) -> tuple[str, bool]:
        """Return where a file is on this machine, if it is, and whether it is known to be gone."""
        if not self._catalog.by_library:
            return "", False
        try:
            self._client.download(asset_id)
            return self._client.file_path(asset_id) if self._is_local else "", False
        except FileGone:
            return "", True
        except UpstreamError:
            return "", False  # not known; the page shows the asset without it
