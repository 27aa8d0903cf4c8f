"""Reviews: made, answered, ended; the notifications about them."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from app.errors import AkinError
from app.insight.review_results import progress
from app.query import describe
from app.query.reviews import ReviewAsset, check_size, ordered
from app.services.team.notifications import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.query.reviews import Answer, Draft, Opinion, Person, Review
    from app.records.reviews import ReviewStore, ReviewSummary
    from app.scenario.assets import Asset
    from app.services.team.notifications import Notifications

log = logging.getLogger(__name__)

COLLECTED_SECONDS: Final = 300.0  # answers within this time are one message
NAV_SECONDS: Final = 30.0  # after which another process's first review appears in the navigation


class Reviews:
    """The reviews of one application. Methods raise StoreFailed where the database fails."""

    def __init__(
        self,
        store: ReviewStore,
        notifications: Notifications,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Read nothing yet."""
        self._store = store
        self._notifications = notifications
        self._clock = clock
        self._any: tuple[bool, float] = (False, 0.0)  # and until when it is believed

    def now(self) -> float:
        """Return the time by which reviews end, in seconds since the epoch."""
        return self._clock()

    def exist(self) -> bool:
        """Return whether there is a review; one that another process made counts a moment later.

        Pages do not fail with the database: then the last value counts.
        """
        known, until = self._any
        if self._clock() < until:
            return known
        try:
            return self._remember(self._store.has_any())
        except AkinError as error:
            log.warning("no link to the reviews: %s", error.message)
            return self._remember(known)

    def _remember(self, has_any: bool) -> bool:
        self._any = (has_any, self._clock() + NAV_SECONDS)
        return has_any

    def get(self, review_id: str) -> Review:
        """Return a review. Raises NotFound."""
        return self._store.get(review_id)

    def listed(
        self, viewer: Person | None, *, is_open: bool | None, own: bool, page: int
    ) -> tuple[list[ReviewSummary], bool]:
        """Return one page of reviews, newest first, and whether there are more."""
        return self._store.listed(viewer, now=self.now(), is_open=is_open, own=own, page=page)

    def answers_to(self, review: Review) -> tuple[Answer, ...]:
        """Return all answers to a review."""
        return self._store.answers_to(review.id)

    def people_of(self, review: Review) -> tuple[Person, ...]:
        """Return those who have opened a review."""
        return self._store.people_of(review.id)

    # people

    def create(
        self, draft: Draft, maker: Person, assets: Iterable[Asset], *, origin: str, suffix: str
    ) -> Review:
        """Store a review and announce it. Raises InvalidReview.

        `origin` is what addresses of this server begin with, `suffix` the query string of the
        search that the assets were found by.
        """
        contents = ordered(ReviewAsset(each.id, each.name) for each in assets)
        check_size(len(contents))
        review = self._store.create(
            draft, maker, contents, origin=origin, suffix=suffix, now=self.now()
        )
        self._remember(True)
        self._announce_opened(review)
        self._schedule_end(review, ())
        return review

    def open_for(self, review: Review, person: Person) -> None:
        """Store that someone has opened a review."""
        self._store.note_opened(review.id, person)

    def answer(self, review: Review, person: Person, opinions: Mapping[str, Opinion]) -> None:
        """Store answers of one person. Raises NotFound, ReviewEnded, ReviewFull."""
        if not opinions:
            return
        self._store.answer(review.id, person, opinions, now=self.now())
        if self._notifications.is_on:
            answers = self.answers_to(review)
            counts = self._counts(review, answers)
            self._notifications.post(
                Event(f"answered:{review.id}", f"Answers: {review.question}", counts, _url(review)),
                delay=COLLECTED_SECONDS,
            )
            self._schedule_end(review, answers)

    # the maker

    def end(self, review: Review) -> Review:
        """End a review now."""
        self._store.end(review.id, self.now())
        return self._ended(self.get(review.id))

    def reopen(self, review: Review) -> Review:
        """Open a review again, until its maker ends it."""
        self._store.reopen(review.id)
        self._notifications.cancel(_end_key(review))
        review = self.get(review.id)
        self._announce_opened(review, word="open again")
        return review

    def delete(self, review: Review) -> None:
        """Delete a review with all its answers."""
        self._store.delete(review.id)
        self._any = (False, 0.0)
        for key in ("opened", "answered", "ended"):
            self._notifications.cancel(f"{key}:{review.id}")

    def renew_link(self, review: Review) -> None:
        """Give a review a link; an earlier one is not valid any more."""
        self._store.renew_link(review.id)

    def remove_link(self, review: Review) -> None:
        """Remove the link of a review."""
        self._store.remove_link(review.id)

    # notifications

    def _announce_opened(self, review: Review, word: str = "new") -> None:
        until = f" Answer until {describe.moment(review.ends)}." if review.ends else ""
        count = describe.counted(len(review.assets), "asset")
        text = f"{review.maker.name} asks about {count}.{until}"
        event = Event(f"opened:{review.id}", f"Review ({word}): {review.question}", text)
        self._notifications.post(Event(event.key, event.title, text, _url(review)))

    def _schedule_end(self, review: Review, answers: Iterable[Answer]) -> None:
        if review.ends is not None and review.is_open(self.now()):
            self._notifications.schedule(self._end_event(review, answers), review.ends)

    def _ended(self, review: Review) -> Review:
        if self._notifications.is_on:
            self._notifications.cancel(f"answered:{review.id}")
            event = self._end_event(review, self.answers_to(review))
            self._notifications.schedule(event, self.now())
        return review

    def _end_event(self, review: Review, answers: Iterable[Answer]) -> Event:
        title, text = f"Review ended: {review.question}", self._counts(review, answers)
        return Event(_end_key(review), title, text, f"{_url(review)}/result")

    def _counts(self, review: Review, answers: Iterable[Answer]) -> str:
        rows = progress(review, answers, ())
        people = [each for each in rows if each.answered]
        complete = sum(1 for each in people if each.is_complete)
        names = ", ".join(each.name for each in people[:10]) or "No one"
        more = f" and {len(people) - 10} more" if len(people) > 10 else ""
        return f"{names}{more} answered; {complete} of {len(people)} answered everything."


def _url(review: Review) -> str:
    return review.origin + review.path


def _end_key(review: Review) -> str:
    return f"ended:{review.id}"
