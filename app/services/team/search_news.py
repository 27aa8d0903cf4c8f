"""News in team searches: a check in the background, whose results go to the receivers of messages.

Each search is checked at most once in an interval, by one process of one host, and costs one search
of the API then.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from app.errors import AkinError
from app.insight.news import newer
from app.query import describe
from app.query.search_links import stored
from app.scenario import request_budget
from app.scenario.request_budget import RequestBudget
from app.services.team.notifications import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.query.search import Search
    from app.records.searches import TeamSearch, TeamSearchStore
    from app.services.team.notifications import Notifications

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 60.0
COUNT_SECONDS: Final = 30.0  # that one search may take


class SearchNews:
    """The check of one application; without receivers of messages nothing is checked."""

    def __init__(
        self,
        store: TeamSearchStore,
        count: Callable[[Search, RequestBudget], int | None],
        notifications: Notifications,
        *,
        interval: float,
        clock: Callable[[], float],
    ) -> None:
        """Check nothing before `begin`.

        `count` returns the number of hits of a search. `interval`: seconds between two checks of
        the same search.
        """
        self._store = store
        self._count = count
        self._notifications = notifications
        self._interval = interval
        self._clock = clock
        self._is_closed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start the thread that checks, once in a process."""
        if not self._notifications.is_on or self._is_closed.is_set():
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="search news", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Begin no further check, and wait for the one in progress."""
        self._is_closed.set()
        if self._thread is not None:
            self._thread.join(COUNT_SECONDS)

    def check_due(self) -> int:
        """Check the searches that are due and return how many they were. Raises StoreFailed."""
        checked = 0
        while not self._is_closed.is_set():
            now = self._clock()
            claim = self._store.claim_check(now, self._interval)
            if claim is None:
                break
            checked += 1
            self._check(*claim, now)
        return checked

    def _run(self) -> None:
        while not self._is_closed.is_set():
            try:
                self.check_due()
            except AkinError as error:
                log.warning("team searches were not checked: %s", error.message)
            except Exception:
                log.exception("team searches were not checked")
            self._is_closed.wait(POLL_SECONDS)

    def _check(self, found: TeamSearch, since: float, now: float) -> None:
        """Report what is new since a time; a failed check is repeated after the interval."""
        search, _ = stored(found.suffix)
        fresh = newer(search, since)
        if fresh is None:
            return
        budget = RequestBudget.lasting(COUNT_SECONDS, is_optional=True)
        try:
            with request_budget.during(budget):
                count = self._count(fresh, budget)
        except AkinError as error:
            log.info("news of a team search are not known: %s", error)
            return
        if not count:
            return  # what is indexed later may have been created meanwhile
        self._notifications.post(
            Event(
                f"news:{found.id}",
                f"{describe.number(count)} new in “{found.name}”",
                describe.title(search),
                f"{found.site}/searches/{found.id}?new=1",
            )
        )
        self._store.note_reported(found.id, now)
