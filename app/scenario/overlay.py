"""Recent changes shown over responses that do not have them yet.

The API's search index follows a write after a while, and a cached response is older than it. Until
the index must have followed, an asset is shown as the changes have left it, to everyone; whether it
fits the filter of a search is what the index says.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.errors import AkinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.query.effects import Effect
    from app.records.recent_effects import RecentEffect, RecentEffects
    from app.scenario.assets import Asset

log = logging.getLogger(__name__)

INDEX_SECONDS: Final = 120.0  # after which the search index shows a write
STORED_SECONDS: Final = 86_400.0  # as long as a cached response may be used
POLL_SECONDS: Final = 2.0  # between two looks at what other processes have changed


class Overlay:
    """The recent changes of one API. Thread-safe."""

    def __init__(self, recent: RecentEffects, clock: Callable[[], float]) -> None:
        """`clock` returns seconds since 1970."""
        self._recent = recent
        self._clock = clock
        self._lock = threading.Lock()
        self._polled = 0.0
        self._by_asset: dict[str, list[RecentEffect]] = {}

    def shown(
        self, assets: Iterable[Asset], *, requested: float, by_search: bool, newer_than: float
    ) -> tuple[tuple[Asset, ...], bytes]:
        """Return assets of a response as they are now, and a digest of what was changed here.

        `requested`: when the response was; `by_search`: from the search index. Changes until
        `newer_than` are known for certain.
        """
        effects = self._latest(newer_than)
        given = tuple(assets)
        if not effects:
            return given, b""
        since = requested - (INDEX_SECONDS if by_search else 0.0)
        digest = hashlib.blake2b(digest_size=8)
        shown = []
        for asset in given:
            later = asset
            for each in effects.get(asset.id, ()):
                if each.at > since and each.at > _changed(asset):
                    later = with_effect(later, each.effect)
                    digest.update(each.effect.encode().encode())
            shown.append(later)
        is_same = all(a is b for a, b in zip(given, shown, strict=True))
        return tuple(shown), b"" if is_same else digest.digest()

    def _latest(self, newer_than: float) -> dict[str, list[RecentEffect]]:
        with self._lock:
            now = self._clock()
            if not (self._polled <= newer_than or now >= self._polled + POLL_SECONDS):
                return self._by_asset
            self._polled = now
        by_asset: dict[str, list[RecentEffect]] = {}
        try:
            for each in self._recent.within(STORED_SECONDS):
                by_asset.setdefault(each.asset_id, []).append(each)
        except AkinError as error:  # pages do without it
            log.warning("recent changes cannot be read: %s", error.message)
        self._by_asset = by_asset
        return by_asset


def with_effect(asset: Asset, effect: Effect) -> Asset:
    """Return an asset after a change of it; the same asset where it shows the change already."""
    # None: as the file and the classifier say, which only the API knows.
    fields = {name: after for name, (_, after) in effect.fields.items() if after is not None}
    changes: dict[str, Any] = {
        "tags": _changed_list(asset.tags, effect.added, effect.deleted),
        "collectionIds": _changed_list(asset.collectionIds, effect.collected, effect.uncollected),
    }
    if "description" in fields:
        changes["description"] = fields.pop("description")
    if "nsfw" in fields:
        changes["nsfw"] = tuple(fields.pop("nsfw"))
    metadata = {name: value or None for name, value in fields.items()}
    if any(getattr(asset.metadata, name) != value for name, value in metadata.items()):
        changes["metadata"] = msgspec.structs.replace(asset.metadata, **metadata)
    if all(getattr(asset, name) == value for name, value in changes.items()):
        return asset
    return msgspec.structs.replace(asset, **changes)


def _changed_list(
    values: tuple[str, ...], added: Iterable[str], removed: Iterable[str]
) -> tuple[str, ...]:
    gone = {each.casefold() for each in removed}
    kept = [each for each in values if each.casefold() not in gone]
    known = {each.casefold() for each in kept}
    return (*kept, *(each for each in added if each.casefold() not in known))


def _changed(asset: Asset) -> float:
    """Return when the API says that an asset was last changed; 0 where it does not."""
    try:
        return datetime.fromisoformat(asset.updatedAt or "").timestamp()
    except ValueError:
        return 0.0
