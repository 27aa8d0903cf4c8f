"""Time limits of what a page can do without, in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long a request waits. One value, so that tests can wait longer than people do."""

    labels: float = 0.25  # names of collections, tags and models that are fetched the first time
    examples: float = 2.0  # the assets among the examples in the search bar
    alternatives: float = 1.5  # the counts of all other searches on a page without results
    thumbnail: float = 6.0  # one thumbnail of a contact sheet or preview
    thumbnails: float = 25.0  # all thumbnails of one; late ones are left out
    health: float = 3.0  # all trials of one probe
    health_max_age: float = 5.0  # for which the probes of several load balancers share a result
