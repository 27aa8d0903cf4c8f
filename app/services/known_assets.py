"""Assets that this process has shown: names for the examples in the search bar."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import cachetools

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.scenario.assets import Asset

MAX_ASSETS: Final = 5000


class KnownAssets:
    """The assets of the last pages, by id. Threads may share it."""

    def __init__(self) -> None:
        """Store nothing yet."""
        self._assets: cachetools.LRUCache[str, Asset] = cachetools.LRUCache(MAX_ASSETS)
        self._lock = threading.Lock()

    def put(self, assets: Iterable[Asset]) -> None:
        """Store assets; a later state of one replaces the earlier one."""
        with self._lock:
            for asset in assets:
                self._assets[asset.id] = asset

    def clear(self) -> None:
        """Remove all assets."""
        with self._lock:
            self._assets.clear()

    def get(self, asset_id: str) -> Asset | None:
        """Return one asset; None where no page has shown it."""
        with self._lock:
            return self._assets.get(asset_id)

    def among(self, ids: Iterable[str]) -> dict[str, Asset]:
        """Return those of some assets that are stored, by id."""
        with self._lock:
            return {each: self._assets[each] for each in ids if each in self._assets}
