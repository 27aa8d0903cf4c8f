"""A Scenario API that misbehaves on purpose, on a loopback port, one fault at a time by name.

    with Upstream(count=200) as upstream:
        client = make_client(upstream.url, key="key", secret="secret")
        upstream.next("429", "healthy")    # the next two searches
        upstream.always("slow-body")       # every one after them, until told otherwise
        upstream.requests                  # what was asked, in order

A fault is chosen for the requests whose path begins with `on` (searches by default), so that
what a page asks besides does not use up the faults of a test. `FAULTS` has them all, each with
what it does on the wire; `tests/unit/test_faults.py` proves that. Nothing here waits longer than
its client, and closing the server ends every wait.
"""

from __future__ import annotations

from tests.faults import connections, statuses, untruths  # noqa: F401 - they enter their faults
from tests.faults.bodies import BOMB, HUGE
from tests.faults.server import FAULTS, SEARCH, Upstream

__all__ = ["BOMB", "FAULTS", "HUGE", "SEARCH", "Upstream"]
