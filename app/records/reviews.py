"""Stored reviews: their assets, who opened them, and the answers."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from app.errors import NotFound, ReviewEnded, ReviewFull
from app.query.reviews import Answer, Opinion, Person, Review, ReviewAsset, Verdict
from app.records.review_tables import answers, assets, people, reviews
from app.storage.upsert import upsert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.query.reviews import Draft
    from app.storage.database import Database

PAGE: Final = 50  # reviews of one page of the list
MOST_GUESTS: Final = 500  # of one review: a browser without its cookie is a new one
_PREFIX: Final = "review_"


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """A review in the list: how many people have answered, and how much the viewer has."""

    review: Review  # without its assets
    size: int  # assets
    people: int  # who gave an answer
    own: int  # answers of the viewer


class ReviewStore:
    """The reviews of one database. Methods raise StoreFailed where it does not work."""

    def __init__(self, database: Database, scope: str) -> None:
        """Open nothing yet. `scope` names the API: reviews of others are not found."""
        self._database = database
        self._scope = scope

    def create(
        self,
        draft: Draft,
        maker: Person,
        contents: Sequence[ReviewAsset],
        *,
        origin: str,
        suffix: str,
        now: float,
    ) -> Review:
        """Store a new review with these assets and return it."""
        review = Review(
            id=_PREFIX + secrets.token_hex(12),
            question=draft.question,
            maker=maker,
            assets=tuple(contents),
            created=now,
            ends=draft.ends,
            shows_answers=draft.shows_answers,
            allows_originals=draft.allows_originals,
            invited=draft.invited,
            origin=origin,
            suffix=suffix,
        )
        row = {
            "id": review.id,
            "scope": self._scope,
            "question": review.question,
            "maker_id": maker.id,
            "maker_name": maker.name,
            "created": now,
            "ends": review.ends,
            "ended": None,
            "shows_answers": review.shows_answers,
            "allows_originals": review.allows_originals,
            "invited": json.dumps(review.invited),
            "link_key": "",
            "origin": origin,
            "suffix": suffix,
        }
        rows = [
            {"review_id": review.id, "place": place, "asset_id": each.id, "name": each.name}
            for place, each in enumerate(contents, 1)
        ]
        with self._database.writing() as connection:
            connection.execute(sa.insert(reviews), row)
            connection.execute(sa.insert(assets), rows)
        return review

    def get(self, review_id: str) -> Review:
        """Return a review. Raises NotFound."""
        if self._database.is_empty:
            raise _no_review()
        with self._database.reading() as connection:
            is_it = sa.and_(reviews.c.id == review_id, reviews.c.scope == self._scope)
            row = connection.execute(sa.select(reviews).where(is_it)).first()
            if row is None:
                raise _no_review()
            query = sa.select(assets.c.asset_id, assets.c.name).order_by(assets.c.place)
            contents = connection.execute(query.where(assets.c.review_id == review_id))
            return _review(row, tuple(ReviewAsset(each[0], each[1]) for each in contents))

    def listed(
        self, viewer: Person | None, *, now: float, is_open: bool | None, own: bool, page: int = 1
    ) -> tuple[list[ReviewSummary], bool]:
        """Return one page of reviews, newest first, and whether there are more.

        `is_open` None: open and ended ones. `own`: only those that the viewer made.
        """
        if self._database.is_empty:
            return [], False
        query = sa.select(reviews).where(reviews.c.scope == self._scope)
        query = query.order_by(reviews.c.created.desc(), reviews.c.id)
        if is_open is not None:
            is_over = sa.or_(
                sa.and_(reviews.c.ended.is_not(None), reviews.c.ended <= now),
                sa.and_(reviews.c.ends.is_not(None), reviews.c.ends <= now),
            )
            query = query.where(sa.not_(is_over) if is_open else is_over)
        if own:
            query = query.where(reviews.c.maker_id == (viewer.id if viewer else ""))
        with self._database.reading() as connection:
            rows = list(connection.execute(query.limit(PAGE + 1).offset((page - 1) * PAGE)))
            ids = [row.id for row in rows[:PAGE]]
            sizes = _counted(connection, assets, sa.func.count(), ids)
            answered = sa.func.count(sa.distinct(answers.c.person_id))
            by_people = _counted(connection, answers, answered, ids)
            mine = answers.c.person_id == (viewer.id if viewer else "")
            own_counts = _counted(connection, answers, sa.func.count(), ids, mine)
        summaries = [
            ReviewSummary(
                _review(row, ()),
                sizes.get(row.id, 0),
                by_people.get(row.id, 0),
                own_counts.get(row.id, 0),
            )
            for row in rows[:PAGE]
        ]
        return summaries, len(rows) > PAGE

    def has_any(self) -> bool:
        """Return whether there is a review."""
        if self._database.is_empty:
            return False
        with self._database.reading() as connection:
            query = sa.select(reviews.c.id).where(reviews.c.scope == self._scope).limit(1)
            return connection.execute(query).first() is not None

    # answers

    def note_opened(self, review_id: str, person: Person) -> None:
        """Store that a person has opened a review; nothing is written if that is known.

        Nor where the review has its most guests: they may look at it.
        """
        with self._database.reading() as connection:
            query = sa.select(people.c.name).where(
                people.c.review_id == review_id, people.c.person_id == person.id
            )
            if connection.execute(query).scalar() == person.name:
                return
        with self._database.writing() as connection:
            is_there = _lock(connection, review_id) is not None
            if is_there and _has_room(connection, review_id, person):
                _put_person(connection, review_id, person)

    def answer(
        self, review_id: str, person: Person, opinions: Mapping[str, Opinion], *, now: float
    ) -> None:
        """Store what a person answers about some assets of a review; earlier answers are replaced.

        Raises NotFound, ReviewEnded, ReviewFull.
        """
        with self._database.writing() as connection:
            row = _lock(connection, review_id)
            if row is None:
                raise _no_review()
            if not _review(row, ()).is_open(now):
                raise ReviewEnded("Your answer was not stored.")
            query = sa.select(assets.c.asset_id).where(assets.c.review_id == review_id)
            known = set(connection.execute(query).scalars())
            if not opinions.keys() <= known:
                raise NotFound("This asset is not a part of the review.")
            if not _has_room(connection, review_id, person):
                most = f"{MOST_GUESTS} people without an account"
                raise ReviewFull(f"{most} take part already. Your answer was not stored.")
            _put_person(connection, review_id, person)
            rows = [
                {
                    "review_id": review_id,
                    "asset_id": asset_id,
                    "person_id": person.id,
                    "verdict": opinion.verdict.value,
                    "comment": opinion.comment,
                    "given": now,
                }
                for asset_id, opinion in opinions.items()
            ]
            upsert(connection, answers, rows, update=("verdict", "comment", "given"))

    def answers_to(self, review_id: str) -> tuple[Answer, ...]:
        """Return all answers to a review, in the order in which they were given."""
        query = (
            sa.select(answers, people.c.name)
            .join(
                people,
                sa.and_(
                    people.c.review_id == answers.c.review_id,
                    people.c.person_id == answers.c.person_id,
                ),
            )
            .where(answers.c.review_id == review_id)
            .order_by(answers.c.given, answers.c.person_id, answers.c.asset_id)
        )
        with self._database.reading() as connection:
            return tuple(
                Answer(
                    asset_id=row.asset_id,
                    person=Person(row.person_id, row.name),
                    opinion=Opinion(Verdict(row.verdict), row.comment),
                    given=row.given,
                )
                for row in connection.execute(query)
            )

    def people_of(self, review_id: str) -> tuple[Person, ...]:
        """Return those who have opened a review."""
        query = sa.select(people).where(people.c.review_id == review_id).order_by(people.c.name)
        with self._database.reading() as connection:
            return tuple(Person(row.person_id, row.name) for row in connection.execute(query))

    # changes by the maker

    def end(self, review_id: str, now: float) -> None:
        """End a review now."""
        self._change(review_id, ended=now)

    def reopen(self, review_id: str) -> None:
        """Open a review again, without an end."""
        self._change(review_id, ended=None, ends=None)

    def renew_link(self, review_id: str) -> None:
        """Give a review a link; an earlier one is not valid any more."""
        self._change(review_id, link_key=secrets.token_hex(12))

    def remove_link(self, review_id: str) -> None:
        """Remove the link of a review."""
        self._change(review_id, link_key="")

    def delete(self, review_id: str) -> None:
        """Delete a review with its answers."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(reviews).where(reviews.c.id == review_id))

    def _change(self, review_id: str, **values: object) -> None:
        with self._database.writing() as connection:
            change = sa.update(reviews).where(reviews.c.id == review_id).values(**values)
            if not connection.execute(change).rowcount:
                raise _no_review()


def _no_review() -> NotFound:
    return NotFound("There is no such review. Its maker may have deleted it.")


def _lock(connection: sa.Connection, review_id: str) -> sa.Row[Any] | None:
    """Return the row of a review, locked until the transaction ends."""
    query = sa.select(reviews).where(reviews.c.id == review_id)
    return connection.execute(query.with_for_update(read=True)).first()


def _has_room(connection: sa.Connection, review_id: str, person: Person) -> bool:
    """Return whether a person may be stored: a user, a known guest, or one of the first guests."""
    if person.user_id:
        return True
    query = sa.select(people.c.person_id).where(people.c.review_id == review_id)
    known = set(connection.scalars(query))
    guests = [each for each in known if not Person(each, "").user_id]
    return person.id in known or len(guests) < MOST_GUESTS


def _put_person(connection: sa.Connection, review_id: str, person: Person) -> None:
    row = {"review_id": review_id, "person_id": person.id, "name": person.name}
    upsert(connection, people, [row], update=("name",))


def _counted(
    connection: sa.Connection,
    table: sa.Table,
    count: sa.ColumnElement[int],
    ids: Sequence[str],
    *conditions: sa.ColumnElement[bool],
) -> dict[str, int]:
    """Return a count of rows for each of some reviews."""
    query = sa.select(table.c.review_id, count).where(table.c.review_id.in_(ids), *conditions)
    return {row[0]: row[1] for row in connection.execute(query.group_by(table.c.review_id))}


def _review(row: sa.Row[Any], contents: tuple[ReviewAsset, ...]) -> Review:
    return Review(
        id=row.id,
        question=row.question,
        maker=Person(row.maker_id, row.maker_name),
        assets=contents,
        created=row.created,
        ends=row.ends,
        ended=row.ended,
        shows_answers=row.shows_answers,
        allows_originals=row.allows_originals,
        invited=tuple(json.loads(row.invited)),
        link_key=row.link_key,
        origin=row.origin,
        suffix=row.suffix,
    )
