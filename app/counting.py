"""Asking how many: the searches that would find something, where one found nothing.

A courtesy: nobody has asked for these searches, so they are sent only while the ceiling has room
to spare, take little time together, and are left out of the page when they fail.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app import visits
from app.errors import AkinError
from app.insight import nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.insight.nothing import Way
    from app.search import Search

log = logging.getLogger(__name__)

SECONDS: Final = 1.5  # that an empty page may wait for all of them


def ways_out(
    search: Search, names: Mapping[str, str], count: Callable[[Search], int | None]
) -> tuple[Way, ...]:
    """The searches with one condition less that find something, those that find most first.

    `count` asks for one search; None where the answer has no exact count.
    """
    visit = visits.current()
    counted: list[Way] = []
    was_prefetch, visit.is_prefetch = visit.is_prefetch, True
    try:
        with visits.at_most(SECONDS):
            # One at a time: what was counted before a failure is kept.
            for way in nothing.ways(search, names)[: nothing.MOST_ASKED]:
                counted += [replace(way, count=count(way.search))]
    except AkinError as error:
        log.info("not counted: %s", error)
    finally:
        visit.is_prefetch = was_prefetch
    return nothing.by_cost(counted)
