"""Fake Scenario API on a loopback port, with faults that tests choose by name.

    with Upstream(count=200) as upstream:
        client = make_client(upstream.url, key="key", secret="secret")
        upstream.next("429", "healthy")    # the next two searches
        upstream.always("slow-body")       # all after them
        upstream.requests                  # all requests, in order

A fault is chosen for the requests whose path begins with `on` (searches by default): other
requests of a page do not use up the faults of a test. `FAULTS` has all of them, each with
what it sends; `tests/unit/test_faults.py` checks that. Nothing here waits longer than
its client, and closing the server ends every wait.
"""

from __future__ import annotations

from tests.faults import connections, inconsistencies, statuses  # noqa: F401 - register faults
from tests.faults.bodies import BOMB, HUGE
from tests.faults.server import FAULTS, SEARCH, Upstream

__all__ = ["BOMB", "FAULTS", "HUGE", "SEARCH", "Upstream"]
