"""The notifications about a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.query.reviews import Opinion, Verdict
from app.records.notifications import NotificationStore
from app.records.reviews import ReviewStore
from app.services.team.notifications import Notifications
from app.services.team.reviews import COLLECTED_SECONDS, Reviews
from app.storage.database import Database
from tests.support.assets import asset
from tests.support.clock import Clock
from tests.support.reviews import ADA, BO, CLEO, draft

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

YES = Opinion(Verdict.YES, "A comment that is not sent")


class Inbox:
    """A receiver that stores what it gets."""

    id = label = "inbox"

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def check(self) -> None:
        """Accept everything."""

    def send(self, title: str, text: str) -> None:
        self.messages.append((title, text))


class Team:
    """Reviews whose notifications are sent when the test says so."""

    def __init__(self, database: Database) -> None:
        self.clock, self.inbox = Clock(1000.0), Inbox()
        store = NotificationStore(database, "api")
        self.notifications = Notifications(store, [self.inbox], clock=self.clock)
        self.notifications.close()  # no thread sends anything
        self.reviews = Reviews(ReviewStore(database, "api"), self.notifications, clock=self.clock)
        self._sender = Notifications(store, [self.inbox], clock=self.clock)

    def told(self) -> list[tuple[str, str]]:
        """Send what is due now, and return it."""
        self.inbox.messages.clear()
        self._sender.send_due()
        return sorted(self.inbox.messages)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A team with an empty database."""
    database = Database("", tmp_path)
    yield Team(database)
    database.close()


def asked(team: Team, **fields: object) -> str:
    """Let Ada ask about two assets; return the id of the review."""
    found = [asset("1"), asset("2")]
    return team.reviews.create(draft(**fields), ADA, found, origin="https://akin", suffix="").id


def test_opened_answered_and_ended_by_its_day(team: Team) -> None:
    review_id = asked(team, ends=5000.0)
    url = f"https://akin/reviews/{review_id}"
    until = "Ada asks about 2 assets. Answer until 1970-01-01 01:23 UTC."
    assert team.told() == [("Review (new): Which?", f"{until}\n{url}")]
    review = team.reviews.get(review_id)
    team.reviews.answer(review, BO, {"asset_1": YES, "asset_2": YES})
    team.clock.now += COLLECTED_SECONDS - 1
    team.reviews.answer(review, CLEO, {"asset_1": YES})
    assert team.told() == []
    team.clock.now += 1
    counts = "Bo, Cleo answered; 1 of 2 answered everything."
    assert team.told() == [("Answers: Which?", f"{counts}\n{url}")]
    team.clock.now = 5000.0
    assert team.told() == [("Review ended: Which?", f"{counts}\n{url}/result")]
    team.clock.now = 1e6
    assert team.told() == []


def test_ended_by_hand_and_opened_again(team: Team) -> None:
    """The message of its day does not follow, nor do answers that the end has already counted."""
    review_id = asked(team, ends=5000.0)
    team.told()
    team.reviews.answer(team.reviews.get(review_id), BO, {"asset_1": YES})
    team.reviews.end(team.reviews.get(review_id))
    assert [title for title, _ in team.told()] == ["Review ended: Which?"]
    team.reviews.reopen(team.reviews.get(review_id))
    assert [title for title, _ in team.told()] == ["Review (open again): Which?"]
    team.clock.now = 1e6
    assert team.told() == []


def test_a_deleted_review_sends_nothing(team: Team) -> None:
    review_id = asked(team, ends=5000.0)
    review = team.reviews.get(review_id)
    team.reviews.answer(review, BO, {"asset_1": YES})
    team.reviews.delete(review)
    team.clock.now = 1e6
    assert team.told() == []
