"""Reviews: a question about assets in a fixed order, the people asked, and their answers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.errors import InvalidReview
from app.query.params import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ASSETS: Final = 200
MOST_QUESTION: Final = 500  # characters
MOST_COMMENT: Final = 1000
MOST_NAME: Final = 80
MOST_INVITED: Final = 100
_USER: Final = "user:"
_GUEST: Final = "guest:"


class Verdict(StrEnum):
    """What a person answers about one asset."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who makes or answers a review. `id` names a user or a guest, `name` is shown."""

    id: str
    name: str

    @classmethod
    def user(cls, user_id: str, name: str) -> Person:
        """Return the person of a signed-in user."""
        return cls(_USER + user_id, name)

    @classmethod
    def guest(cls, guest_id: str, name: str) -> Person:
        """Return a person without an account, who typed a name."""
        return cls(_GUEST + guest_id, name)

    @property
    def user_id(self) -> str:
        """The id of the user; empty for a guest."""
        return self.id.removeprefix(_USER) if self.id.startswith(_USER) else ""

    @property
    def label(self) -> str:
        """The name, and for guests that it was typed."""
        return self.name if self.user_id else f"{self.name} (typed name)"


@dataclass(frozen=True, slots=True)
class ReviewAsset:
    """An asset of a review, with the name that it had when the review was made."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review. Times are seconds since the epoch."""

    id: str
    question: str
    maker: Person
    assets: tuple[ReviewAsset, ...]
    created: float
    ends: float | None = None  # when it ends by itself
    ended: float | None = None  # when its maker ended it
    shows_answers: bool = False  # to people who have not answered yet
    allows_originals: bool = False  # to people with a link
    invited: tuple[str, ...] = ()  # names
    link_key: str = ""  # a part of the signed link; empty: there is no link
    origin: str = ""  # what addresses in messages begin with
    suffix: str = ""  # the query string of the search that the assets were found by, with its `?`

    def ended_at(self, now: float) -> float | None:
        """Return when the review ended; None while it is open."""
        ends = [each for each in (self.ended, self.ends) if each is not None and each <= now]
        return min(ends) if ends else None

    def is_open(self, now: float) -> bool:
        """Return whether answers are accepted."""
        return self.ended_at(now) is None

    @property
    def path(self) -> str:
        """The path of its page for signed-in users."""
        return f"/reviews/{self.id}"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict about one asset, with an optional comment."""

    verdict: Verdict
    comment: str = ""

    @classmethod
    def parse(cls, verdict: str, comment: str) -> Opinion:
        """Return the opinion in two form fields. Raises InvalidReview."""
        if verdict not in set(Verdict):
            known = ", ".join(Verdict)
            raise InvalidReview(
                f"“{verdict[:20]}” is no answer: choose one of {known}."
                if verdict
                else "A comment was written without an answer. Choose yes, maybe or no as well.",
                field="verdict",
            )
        return cls(Verdict(verdict), _text(comment, MOST_COMMENT, "A comment", field="comment"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one person answered about one asset, and when (seconds since the epoch)."""

    asset_id: str
    person: Person
    opinion: Opinion
    given: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the maker of a review has filled in."""

    question: str
    ends: float | None
    shows_answers: bool
    allows_originals: bool
    invited: tuple[str, ...]

    @classmethod
    def parse(
        cls,
        *,
        question: str,
        ends: str,
        shows_answers: bool,
        allows_originals: bool,
        invited: str,
        now: float,
    ) -> Draft:
        """Return the draft in the fields of a form; `ends` is a day. Raises InvalidReview."""
        asked = _text(question, MOST_QUESTION, "The question", field="question")
        if not asked:
            raise InvalidReview("Write the question that people answer.", field="question")
        return cls(
            question=asked,
            ends=_end_of(ends.strip(), now) if ends.strip() else None,
            shows_answers=shows_answers,
            allows_originals=allows_originals,
            invited=_names(invited),
        )


def check_size(count: int) -> None:
    """Raise InvalidReview where a review cannot have so many assets."""
    if not count:
        raise InvalidReview("There is no asset to ask about. Select some first.", field="id")
    if count > MOST_ASSETS:
        message = f"A review has at most {MOST_ASSETS} assets; these are {count}."
        raise InvalidReview(message, field="id")


def person_name(text: str) -> str:
    """Return a typed name as one line. Raises InvalidReview."""
    name = " ".join(_text(text, MOST_NAME, "A name", field="name").split())
    if not name:
        raise InvalidReview(
            "Type your name, so that others know whose answers these are.", field="name"
        )
    return name


def _names(text: str) -> tuple[str, ...]:
    """Return the names in a text, one a line or separated by commas."""
    names = dict.fromkeys(
        " ".join(_text(each, MOST_NAME, "A name", field="invited").split())
        for each in text.replace(",", "\n").replace(";", "\n").splitlines()
        if each.strip()
    )
    if len(names) > MOST_INVITED:
        raise InvalidReview(f"At most {MOST_INVITED} people can be invited.", field="invited")
    return tuple(names)


def _end_of(day: str, now: float) -> float:
    """Return the end of a day, in UTC."""
    try:
        end = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        ends = (end + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError) as error:
        raise InvalidReview(
            f"“{day[:20]}” is no day. Write it as 2026-12-31, or leave it empty.", field="ends"
        ) from error
    if ends <= now:
        raise InvalidReview(f"{day} is over. Choose today or a later day.", field="ends")
    return ends


def _text(text: str, most: int, what: str, *, field: str) -> str:
    """Return a text without control characters but line breaks. Raises InvalidReview."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").split("\n")
    cleaned = "\n".join(clean(line) for line in lines).strip()
    if len(cleaned) > most:
        raise InvalidReview(
            f"{what} has at most {most} characters; this one has {len(cleaned)}.", field=field
        )
    return cleaned


def ordered(assets: Iterable[ReviewAsset]) -> tuple[ReviewAsset, ...]:
    """Return assets in their order, each once."""
    return tuple({each.id: each for each in assets}.values())


def next_unanswered(assets: Sequence[ReviewAsset], answered: Iterable[str], after: int) -> int:
    """Return the place of the next asset without an answer, from 1; 0 where all have one.

    The search begins behind place `after` and goes on at the start.
    """
    done = set(answered)
    places = [*range(after + 1, len(assets) + 1), *range(1, min(after, len(assets)) + 1)]
    return next((each for each in places if assets[each - 1].id not in done), 0)
