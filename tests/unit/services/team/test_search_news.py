"""The check of team searches for news: at most once in an interval, whatever fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from app.errors import UpstreamDown
from app.query.search_links import NamedSearch
from app.records.notifications import NotificationStore
from app.records.searches import TeamSearchStore
from app.services.team.notifications import Notifications
from app.services.team.search_news import SearchNews
from app.storage.database import Database
from tests.support.clock import Clock
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.query.search import Search
    from app.scenario.request_budget import RequestBudget

HOUR = 3600.0


@dataclass
class Receiver:
    """A receiver to which nothing is sent here."""

    id: str = "receiver"
    label: str = "receiver"

    def check(self) -> None:
        """Accept every URL."""

    def send(self, title: str, text: str) -> None:
        """Take nothing."""
        raise AssertionError(title, text)


@dataclass
class Library:
    """Counts hits: as many as `new`, or a failure."""

    new: int | None = 0
    is_down: bool = False
    asked: list[str] = field(default_factory=list)

    def count(self, search: Search, budget: RequestBudget) -> int | None:
        """Return the number of hits."""
        assert budget.is_optional
        self.asked.append(str(search.range("createdAt")))
        if self.is_down:
            raise UpstreamDown("down")
        return self.new


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    opened = Database("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    """A clock that begins at 1970-01-01T01:00Z."""
    return Clock(HOUR)


@pytest.fixture
def store(database: Database) -> TeamSearchStore:
    """One team search."""
    store = TeamSearchStore(database, "api")
    owner = ("ada", "Ada")
    named = NamedSearch("Castles", "?query=castle")
    store.add([named], site="https://akin.example", owner=owner, now=HOUR)
    return store


def news(
    database: Database, store: TeamSearchStore, library: Library, clock: Clock, *receivers: Receiver
) -> SearchNews:
    """Return the check of one host; its messages are stored, and not sent."""
    messages = Notifications(
        NotificationStore(database, "api"), receivers or [Receiver()], clock=clock
    )
    messages.close()  # nothing is sent from here
    return SearchNews(store, library.count, messages, interval=HOUR, clock=clock)


def messages(database: Database, clock: Clock) -> list[tuple[str, str]]:
    """The titles and texts of what would be sent, each once."""
    found = []
    stored = NotificationStore(database, "api")
    while (message := stored.claim(clock())) is not None:
        found.append((message.title, message.text))
    return found


def test_news_are_reported_once(database: Database, store: TeamSearchStore, clock: Clock) -> None:
    """With a link to the new results; later only what is newer."""
    library = Library(new=3)
    check = news(database, store, library, clock)
    assert check.check_due() == 0
    clock.now += HOUR
    assert (check.check_due(), check.check_due()) == (1, 0)
    (found,) = store.listed("ada")
    url = f"https://akin.example/searches/{found.id}?new=1"
    assert messages(database, clock) == [("3 new in “Castles”", f"castle\n{url}")]
    clock.now += HOUR
    check.check_due()
    assert library.asked == ["1970-01-01T01:00:00.000Z..", "1970-01-01T02:00:00.000Z.."]


def test_two_hosts_check_once(database: Database, store: TeamSearchStore, clock: Clock) -> None:
    library = Library(new=1)
    hosts = [news(database, store, library, clock) for _ in range(2)]
    clock.now += HOUR
    assert sorted(host.check_due() for host in hosts) == [0, 1]
    assert len(library.asked) == 1


@pytest.mark.parametrize("library", [Library(new=0), Library(new=None), Library(is_down=True)])
def test_without_news_the_time_stays(
    database: Database, store: TeamSearchStore, clock: Clock, library: Library
) -> None:
    """So that what is indexed later, or could not be asked for, is found at the next check."""
    check = news(database, store, library, clock)
    for _ in range(2):
        clock.now += HOUR
        assert check.check_due() == 1
    assert library.asked == ["1970-01-01T01:00:00.000Z.."] * 2
    assert messages(database, clock) == []


def test_a_search_that_cannot_be_counted_is_left_out(database: Database, clock: Clock) -> None:
    store = TeamSearchStore(database, "api")
    store.add([NamedSearch("Like it", "?like=asset_1")], site="", owner=("", ""), now=HOUR)
    library = Library(new=1)
    clock.now += HOUR
    assert news(database, store, library, clock).check_due() == 1
    assert library.asked == []


def test_the_thread_checks_by_itself(
    database: Database, store: TeamSearchStore, clock: Clock
) -> None:
    """Once it has begun; a second beginning starts nothing else."""
    library = Library(new=1)
    check = news(database, store, library, clock)
    clock.now += HOUR
    check.begin()
    check.begin()
    eventually(lambda: library.asked)
    check.close()
    assert len(library.asked) == 1


def test_without_receivers_nothing_is_checked(
    database: Database, store: TeamSearchStore, clock: Clock
) -> None:
    library = Library(new=1)
    silent = Notifications(NotificationStore(database, "api"), [], clock=clock)
    check = SearchNews(store, library.count, silent, interval=HOUR, clock=clock)
    clock.now += HOUR
    check.begin()
    check.close()
    assert library.asked == []
