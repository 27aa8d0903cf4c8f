"""Assets that this process has shown: names for the examples in the search bar."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.scenario.assets import Asset

MAX_ASSETS: Final = 5000


class KnownAssets:
    """The assets of the last pages, by id. Threads may share it."""

    def __init__(self) -> None:
        """Store nothing yet."""
        # Every page stores all its hits: cachetools' LRUCache takes ten times as long for each.
        self._assets: OrderedDict[str, Asset] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, assets: Iterable[Asset]) -> None:
        """Store assets; a later state of one replaces the earlier one."""
        with self._lock:
            for asset in assets:
                self._assets[asset.id] = asset
                self._assets.move_to_end(asset.id)
            while len(self._assets) > MAX_ASSETS:
                self._assets.popitem(last=False)

    def clear(self) -> None:
        """Remove all assets."""
        with self._lock:
            self._assets.clear()

    def get(self, asset_id: str) -> Asset | None:
        """Return one asset; None where no page has shown it."""
        return self.among([asset_id]).get(asset_id)

    def among(self, ids: Iterable[str]) -> dict[str, Asset]:
        """Return those of some assets that are stored, by id."""
        with self._lock:
            found = {each: self._assets[each] for each in ids if each in self._assets}
            for each in found:
                self._assets.move_to_end(each)
        return found
