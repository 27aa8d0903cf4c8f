"""All hits of a search, page by page.

Uses offset and limit, as the API requires for deep pages, and does not rely on its total, which is
an estimate (docs/scenario-api.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import TooMany
from app.query import describe
from app.query.params import MOST_HITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.query.search import Search
    from app.scenario.assets import Asset, ResultPage


def every_hit(
    page_of: Callable[[Search], ResultPage], search: Search, *, most: int
) -> Iterator[Asset]:
    """Yield the hits of all pages of a search, each asset once.

    `page_of` requests a page. Raises TooMany after `most` hits if there are more, and what
    `page_of` raises.
    """
    seen: set[str] = set()
    offset = 0
    while True:
        result = page_of(search.with_(page=1, offset=offset, limit=MOST_HITS))
        # In a library that grows meanwhile, hits move to later pages and would be yielded twice.
        fresh = [hit for hit in result.hits if hit.id not in seen]
        for hit in fresh:
            if len(seen) >= most:
                raise TooMany(
                    f"One export has at most {describe.number(most)} assets. "
                    "Narrow the search to export the rest."
                )
            seen.add(hit.id)
            yield hit
        if not fresh or not result.has_next:
            return
        offset += MOST_HITS
