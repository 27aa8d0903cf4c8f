"""Alternatives on a page without results: the searches with one condition less that have some.

Optional: these searches are sent only while the rate limit has room to spare, share a short time,
and are left out of the page when they fail.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from app.errors import AkinError
from app.insight import no_results
from app.insight.no_results import Way
from app.scenario import request_budget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.query.search import Search
    from app.scenario.request_budget import RequestBudget

__all__ = ["Way", "counted"]

log = logging.getLogger(__name__)


def counted(
    search: Search,
    names: Mapping[str, str],
    count: Callable[[Search, RequestBudget], int | None],
    *,
    seconds: float,
) -> tuple[Way, ...]:
    """Return the alternatives of a search that have results, the one with the most first.

    `count` returns the number of hits of a search, or None where only an estimate is known.
    """
    budget = request_budget.current().limited(seconds, optional=True)
    alternatives: list[Way] = []
    try:
        # One after the other: those that were counted before a failure are shown.
        for way in no_results.ways(search, names)[: no_results.MOST_COUNTED]:
            alternatives += [replace(way, count=count(way.search, budget))]
    except AkinError as error:
        log.info("alternatives were not counted: %s", error)
    return no_results.by_count(alternatives)
