"""ReviewView: the page on which people answer a review, all assets or one after another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.query import describe
from app.query.reviews import MOST_COMMENT, MOST_NAME, Verdict
from app.query.search import Search
from app.scenario import image_urls
from app.scenario.image_urls import Picture
from app.services.asset_text import alt_text, short_facts
from app.viewmodels.parts.card import GLYPHS, OTHER_GLYPH, picture_classes
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from app.errors import AkinError
    from app.query.describe import Moment
    from app.query.reviews import Answer, Person, Review, ReviewAsset
    from app.scenario.assets import Asset

# The buttons of an answer, in the order of the page: value, label, icon, key.
CHOICES: Final = (
    (Verdict.YES.value, "Yes", "check", "y"),
    (Verdict.MAYBE.value, "Maybe", "circle-question-mark", "m"),
    (Verdict.NO.value, "No", "x", "n"),
)
LABELS: Final = {value: label for value, label, _, _ in CHOICES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """How someone sees a review: by which paths, as whom, and what they may do."""

    review: Review
    base: str  # the path that those of the review's pages begin with
    person: Person | None = None  # None: the name is not known yet
    is_link: bool = False  # by a signed link: nothing else is shown
    may_manage: bool = False  # its maker, and everyone on an installation without sign-in
    is_local: bool = False  # an installation without sign-in
    has_links: bool = False  # its maker can make a signed link
    now: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether answers are accepted."""
        return self.review.is_open(self.now)

    @property
    def sees_all(self) -> bool:
        """Whether all answers are shown, also those about assets without an own answer."""
        is_maker = self.person is not None and self.person.id == self.review.maker.id
        return is_maker or not self.is_open or self.review.shows_answers

    def name_of(self, person: Person) -> str:
        """Return how a person is called: where people sign in, that a name was typed is shown."""
        return person.name if self.is_local else person.label

    def asset_url(self, place: int) -> str:
        """Return the path of the page of one asset."""
        return f"{self.base}/{place}"


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer as it is shown."""

    name: str
    verdict: str
    label: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One asset of a review."""

    place: int
    asset_id: str
    name: str
    url: str  # its page in the review
    details_url: str  # its page in the library; empty where the visitor may not open it
    original_url: str
    media_url: str  # of a video or sound that can be played
    is_gone: bool
    kind: str
    glyph: str
    facts: str
    alt: str
    picture: Picture
    classes: str  # of its picture in CSS
    verdict: str  # of the viewer; empty without an answer
    comment: str
    seen: str  # a digest of both, as the page shows them
    others: tuple[GivenAnswer, ...]
    hidden: bool  # the others' answers are shown after one's own
    problem: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether the viewer has answered."""
        return bool(self.verdict)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into a form that could not be used, and why."""

    verdict: str
    comment: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView(BarView):
    """A page of a review."""

    visit: Visit
    review: Review
    items: tuple[ReviewItem, ...]
    answered: int
    size: int
    ends: Moment | None
    name: str  # of the viewer; empty where it has to be typed
    name_problem: str
    has_saved: bool
    first_open: int  # place of the first asset without an answer; 0: none
    max_comment: int = MOST_COMMENT
    max_name: int = MOST_NAME
    choices: tuple[tuple[str, str, str, str], ...] = CHOICES

    @property
    def previous_url(self) -> str:
        """The page of the asset before the one of this page; empty at the first."""
        place = self.items[0].place
        return self.visit.asset_url(place - 1) if place > 1 else ""

    @property
    def next_url(self) -> str:
        """The page of the asset behind the one of this page; empty at the last."""
        place = self.items[0].place
        return self.visit.asset_url(place + 1) if place < self.size else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageView(BarView):
    """A page on which the maker changes a review: a confirmation, or the link."""

    visit: Visit
    action: str = ""  # end, reopen or delete
    url: str = ""  # of the link for people without an account; empty: there is none
    expires: date | None = None


def manage_view(
    visit: Visit, *, action: str = "", url: str = "", expires: date | None = None
) -> ManageView:
    """Build the page of an action, or of the link."""
    return ManageView(
        **bar_parts(Search()),
        title=visit.review.question,
        visit=visit,
        action=action,
        url=url,
        expires=expires,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFailureView(BarView):
    """An error, for people with a link to a review."""

    error: AkinError
    review_url: str  # empty where the link is not valid


def link_failure_view(error: AkinError, review_url: str) -> LinkFailureView:
    """Build the page of an error; `review_url` leads back to the review."""
    return LinkFailureView(
        **bar_parts(Search()), title=error.title, error=error, review_url=review_url
    )


def seen_digest(verdict: str, comment: str) -> str:
    """Return a digest of an answer as a form shows it, by which unchanged ones are found."""
    text = f"{verdict}\0{comment}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=6).hexdigest()


def review_view(
    visit: Visit,
    answers: Sequence[Answer],
    assets: Mapping[str, Asset] | None,
    *,
    place: int | None = None,
    typed: Mapping[int, Typed] | None = None,
    name: str = "",
    name_problem: str = "",
    has_saved: bool = False,
) -> ReviewView:
    """Build the page of all assets, or of the one at `place`.

    `answers` are all of the review; `assets` those that exist, or None where that is not known.
    `typed` and `name` are what a refused form contained.
    """
    review = visit.review
    own: dict[str, Answer] = {}
    others: dict[str, list[Answer]] = {}
    for each in answers:
        if visit.person and each.person.id == visit.person.id:
            own[each.asset_id] = each
        else:
            others.setdefault(each.asset_id, []).append(each)
    typed = typed or {}
    places = range(1, len(review.assets) + 1) if place is None else (place,)
    items = tuple(
        _item(
            visit,
            at,
            review.assets[at - 1],
            assets,
            own.get(review.assets[at - 1].id),
            others.get(review.assets[at - 1].id, ()),
            typed.get(at),
            is_large=place is not None,
        )
        for at in places
    )
    open_places = (at for at, each in enumerate(review.assets, 1) if each.id not in own)
    return ReviewView(
        **bar_parts(Search()),
        title=review.question,
        visit=visit,
        review=review,
        items=items,
        answered=len(own),
        size=len(review.assets),
        ends=describe.moment(review.ends) if review.ends is not None else None,
        name=visit.person.name if visit.person else name,
        name_problem=name_problem,
        has_saved=has_saved,
        first_open=next(open_places, 0),
    )


def _item(
    visit: Visit,
    place: int,
    entry: ReviewAsset,
    assets: Mapping[str, Asset] | None,
    own: Answer | None,
    others: Sequence[Answer],
    typed: Typed | None,
    *,
    is_large: bool,
) -> ReviewItem:
    asset = (assets or {}).get(entry.id)
    shows = bool(own) or visit.sees_all
    verdict = own.opinion.verdict.value if own else ""
    comment = own.opinion.comment if own else ""
    may_open = asset is not None and not visit.is_link
    picture_base = f"{visit.base}/assets/{entry.id}"
    has_original = asset is not None and (not visit.is_link or visit.review.allows_originals)
    original = f"{picture_base}/original" if visit.is_link else f"/assets/{entry.id}/download"
    return ReviewItem(
        place=place,
        asset_id=entry.id,
        name=asset.name if asset else entry.name,
        url=visit.asset_url(place),
        details_url=f"/assets/{entry.id}" if may_open else "",
        original_url=original if has_original else "",
        media_url=image_urls.moving(asset) if asset and may_open else "",
        is_gone=assets is not None and asset is None,
        kind=asset.medium if asset else "",
        glyph=GLYPHS.get(asset.medium, OTHER_GLYPH) if asset else "image",
        facts=short_facts(asset) if asset else "",
        alt=alt_text(asset) if asset and not visit.is_link else entry.name,
        picture=review_picture(asset, picture_base if visit.is_link else "", is_large=is_large),
        classes=picture_classes(asset, blurs=True) if asset else "",
        verdict=typed.verdict if typed else verdict,
        comment=typed.comment if typed else comment,
        seen=seen_digest(verdict, comment),
        others=tuple(given(visit, each) for each in others) if shows else (),
        hidden=bool(others) and not shows,
        problem=typed.problem if typed else "",
    )


def given(visit: Visit, answer: Answer) -> GivenAnswer:
    """Return an answer as it is shown."""
    value = answer.opinion.verdict.value
    return GivenAnswer(visit.name_of(answer.person), value, LABELS[value], answer.opinion.comment)


def review_picture(asset: Asset | None, base: str, *, is_large: bool) -> Picture:
    """Return the picture of an asset; with a `base`, through this server, below that path."""
    if asset is None:
        return Picture()
    picture = image_urls.large_picture(asset) if is_large else image_urls.grid_picture(asset)
    if not base or not picture.src:
        return picture
    size = "large" if is_large else "small"
    return Picture(f"{base}/{size}", picture.width, picture.height)
