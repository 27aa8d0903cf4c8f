"""Every hit of a search, page after page, until there are no more.

Knows how the API pages (scenario-api.md: offset and limit for deep pages, an estimated total that
no loop may trust); nothing of what the hits are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import words
from app.errors import TooMany
from app.reading import MOST_HITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.assets import Asset, ResultPage
    from app.search import Search


def every_hit(ask: Callable[[Search], ResultPage], search: Search, *, most: int) -> Iterator[Asset]:
    """Yield the hits of all pages of a search, each asset once.

    Raises TooMany after `most` hits where there are more, and whatever `ask` raises.
    """
    seen: set[str] = set()
    offset = 0
    while True:
        result = ask(search.with_(page=1, offset=offset, limit=MOST_HITS))
        # A library that grows meanwhile moves its hits on: what came before is not new.
        fresh = [hit for hit in result.hits if hit.id not in seen]
        for hit in fresh:
            if len(seen) >= most:
                raise TooMany(
                    f"One export has at most {words.number(most)}; a narrower search has the rest."
                )
            seen.add(hit.id)
            yield hit
        if not fresh or not result.has_next:
            return
        offset += MOST_HITS
