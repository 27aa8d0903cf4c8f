"""The client of the Scenario API, in the app's values: what is asked, and how long it is good for.

A call is spelled and deciphered by `app.calls`, sent by `app.sending`, and kept by `app.answers`
under what it means: the canonical search, not the bytes of the example pictures in it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import cachetools
import msgspec

from app import bodies, images
from app.answers import Question
from app.calls import Call, spell_search
from app.decoding import decode
from app.errors import UpstreamNonsense
from app.signed import first_expiry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.answers import Answers, Entry
    from app.assets import Asset, Named, ResultPage
    from app.search import Search
    from app.sending import Sender

MOST_BULK: Final = 200  # ids of one get-bulk; a call over the limit is refused whole
MOST_LISTED: Final = 20  # pages of a listing
MOST_DECODED: Final = 64  # result pages kept as values: some 200 kB each

# How long an answer is good for, in AKIN_CACHE_SECONDS. New pictures come all the time, seldom to
# the top of what is ranked by words or likeness; an asset hardly ever changes (and `Site` sees in
# a later hit that it has), and a collection is seldom renamed. Whoever reloads with the cache
# switched off (Shift) gets what is new at once.
RANKED_LASTS: Final = 15.0
ASSET_LASTS: Final = 240.0
LISTING_LASTS: Final = 30.0


class Client:
    """The API, in the app's values. Every method may raise an UpstreamError."""

    def __init__(
        self, sender: Sender, answers: Answers, *, extras: Mapping[str, object] | None = None
    ) -> None:
        """Ask through `sender` what `answers` does not have.

        `extras` go into the body of a search whose whole page is wanted: see `spell_search`.
        """
        self._extras = dict(extras or {})
        self._sender = sender
        self._answers = answers
        self._decoded: cachetools.LRUCache[tuple[bytes, int], ResultPage] = cachetools.LRUCache(
            MOST_DECODED
        )

    def search(self, search: Search, expand: Callable[[str], str]) -> ResultPage:
        """Answer one page of hits; `expand` turns a `ref_...` into a data URL."""
        decoded: list[ResultPage] = []  # by the check, where this caller is the one who asks
        entry = self._searched(search, expand, decoded, self._extras)
        key = (entry.digest, search.size)
        # No lock: at worst two threads decode the same page.
        page = decoded[-1] if decoded else self._decoded.get(key)
        if page is None:
            page = bodies.result_page(entry.body, size=search.size)
        self._decoded[key] = page
        return page

    def count(self, search: Search, expand: Callable[[str], str]) -> int | None:
        """Answer how many a search finds; None where the answer has only an estimate."""
        one = search.with_(offset=None, limit=None, page=1, hitsPerPage=1)
        return bodies.result_page(self.raw_search(one, expand), size=1).total

    def raw_search(self, search: Search, expand: Callable[[str], str]) -> bytes:
        """Answer the API's own JSON of one page of hits."""
        return self._searched(search, expand, []).body

    def asset(self, asset_id: str, *, original: bool = False) -> Asset:
        """Answer one asset with everything the API tells of it."""
        return bodies.asset(self.raw_asset(asset_id, original=original))

    def raw_asset(self, asset_id: str, *, original: bool = False) -> bytes:
        """Answer the API's own JSON of one asset."""
        params = (("originalAssets", "true"),) if original else ()
        call = Call("GET", f"/assets/{asset_id}", params)
        return self._kept(call, bodies.asset, lasts=ASSET_LASTS).body

    def assets(self, ids: Iterable[str]) -> dict[str, Asset]:
        """Answer the assets that exist, by id; asked for in calls of at most 200."""
        wanted = sorted(set(ids))
        found: dict[str, Asset] = {}
        for start in range(0, len(wanted), MOST_BULK):
            body = msgspec.json.encode({"assetIds": wanted[start : start + MOST_BULK]})
            call = Call("POST", "/assets/get-bulk", (), body)
            answer = self._kept(call, bodies.assets, lasts=ASSET_LASTS).body
            found |= {asset.id: asset for asset in bodies.assets(answer)}
        return found

    def download(self, asset_id: str, target_format: str = "") -> str:
        """Answer a fresh signed URL of the file, converted where a format is asked for."""
        body = msgspec.json.encode({"targetFormat": target_format} if target_format else {})
        call = Call("POST", f"/assets/{asset_id}/download", (), body)
        return _address(self._sender.ask(call, _address))

    def collections(self) -> tuple[Named, ...]:
        """Answer every collection."""
        return self._listing("/collections", bodies.collections)

    def tags(self) -> tuple[Named, ...]:
        """Answer every tag."""
        return self._listing("/tags", bodies.tags)

    def models(self, ids: Iterable[str]) -> tuple[Named, ...]:
        """Answer the names of models, by id."""
        wanted = sorted(set(ids))[:MOST_BULK]
        if not wanted:
            return ()
        body = msgspec.json.encode({"modelIds": wanted})
        call = Call("POST", "/models/get-bulk", (("minimal", "true"),), body)
        return bodies.models(self._kept(call, bodies.models, lasts=LISTING_LASTS).body)

    def _listing(self, path: str, read: Callable[[bytes], tuple[Named, ...]]) -> tuple[Named, ...]:
        found: list[Named] = []
        token: str | None = None
        for _ in range(MOST_LISTED):
            params = (("pageSize", "100"), *((("paginationToken", token),) if token else ()))
            body = self._kept(Call("GET", path, params), read, lasts=LISTING_LASTS).body
            found += read(body)
            token = bodies.next_token(body)
            if token is None:
                break
        return tuple(found)

    def _searched(
        self,
        search: Search,
        expand: Callable[[str], str],
        decoded: list[ResultPage],
        extras: Mapping[str, object] | None = None,
    ) -> Entry:
        def check(body: bytes) -> None:
            decoded.append(bodies.result_page(body, size=search.size))

        def ask() -> bytes:
            return self._sender.ask(spell_search(search, expand, extras), check)

        key = self._key(spell_search(search, str, extras))
        # The first page of the newest is what people look at for what has just been made.
        lasts = RANKED_LASTS if search.is_ranked or search.first else 1.0
        return self._answers.get(Question(key, ask, first_expiry, lasts))

    def _kept(self, call: Call, check: Callable[[bytes], object], *, lasts: float) -> Entry:
        return self._answers.get(
            Question(
                self._key(call),
                lambda: self._sender.ask(call, check),
                first_expiry,
                lasts,
            )
        )

    def _key(self, call: Call) -> str:
        return hashlib.sha256(f"{self._sender.place}{call.key}".encode()).hexdigest()


def _address(body: bytes) -> str:
    loose = decode(body)
    url = loose.get("url") if isinstance(loose, dict) else None
    if not isinstance(url, str) or not images.is_web(url):
        raise UpstreamNonsense("The answer has no address to download from.")
    return url
