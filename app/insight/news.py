"""New results of a search: the search for the assets that were created since a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from app.query.filters import Range, first_moment

if TYPE_CHECKING:
    from app.query.search import Search

_FIELD: Final = "createdAt"


def newer(search: Search, since: float) -> Search | None:
    """Return the search for its results created since a time (seconds since 1970).

    None where no number of new results can be counted: a search by example or by meaning matches
    every asset, and nothing is new in an interval that has ended.
    """
    interval = search.range(_FIELD)
    if search.examples or search.querySemanticRatio or interval.high:
        return None
    moment = datetime.fromtimestamp(since, UTC)
    low = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    if interval.low and first_moment(interval.low) > low:
        low = interval.low
    others = tuple(each for each in search.ranges if each.field != _FIELD)
    return replace(search.with_(), ranges=(*others, Range(_FIELD, low)))
