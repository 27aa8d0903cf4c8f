"""ReviewsView: the list of reviews; NewReviewView: the form that makes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.query import describe
from app.query.reviews import MOST_ASSETS, MOST_NAME, MOST_QUESTION
from app.query.search import Search
from app.viewmodels.parts.card import GLYPHS, OTHER_GLYPH
from app.viewmodels.parts.search_bar import BarView, bar_parts
from app.viewmodels.team.review import review_picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.query.describe import Moment
    from app.query.display import Display
    from app.query.reviews import Person
    from app.records.reviews import ReviewSummary
    from app.scenario.assets import Asset
    from app.scenario.image_urls import Picture

FIRST: Final = (12, 24, 48, 100)  # how many hits of a search become a review
DEFAULT_FIRST: Final = 24


@dataclass(frozen=True, slots=True)
class ListLink:
    """A part of the list of reviews."""

    label: str
    url: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One review of the list."""

    question: str
    url: str
    maker: str
    created: Moment
    ends: Moment | None
    ended: Moment | None
    size: str
    people: str
    own: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewsView(BarView):
    """The list of reviews."""

    rows: tuple[ReviewRow, ...]
    states: tuple[ListLink, ...]
    makers: tuple[ListLink, ...]
    next_url: str
    is_local: bool


def reviews_view(
    summaries: Sequence[ReviewSummary],
    *,
    is_open: bool,
    own: bool,
    page: int,
    has_more: bool,
    now: float,
    is_local: bool,
) -> ReviewsView:
    """Build the list of open or ended reviews, all or the viewer's own."""

    def url(*, is_open: bool, own: bool, page: int = 1) -> str:
        pairs = {"state": "" if is_open else "ended", "by": "me" if own else ""}
        pairs["page"] = str(page) if page > 1 else ""
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"/reviews?{query}" if query else "/reviews"

    return ReviewsView(
        **bar_parts(Search()),
        title="Reviews",
        rows=tuple(_row(each, now) for each in summaries),
        states=(
            ListLink("Open", url(is_open=True, own=own), is_open),
            ListLink("Ended", url(is_open=False, own=own), not is_open),
        ),
        makers=(
            ListLink("All", url(is_open=is_open, own=False), not own),
            ListLink("Mine", url(is_open=is_open, own=True), own),
        ),
        next_url=url(is_open=is_open, own=own, page=page + 1) if has_more else "",
        is_local=is_local,
    )


def _row(summary: ReviewSummary, now: float) -> ReviewRow:
    review = summary.review
    ended = review.ended_at(now)
    return ReviewRow(
        question=review.question,
        url=review.path,
        maker=review.maker.name,
        created=describe.moment(review.created),
        ends=describe.moment(review.ends) if review.ends is not None else None,
        ended=describe.moment(ended) if ended is not None else None,
        size=describe.counted(summary.size, "asset"),
        people=f"answered by {summary.people}" if summary.people else "no answers yet",
        own=f"you: {summary.own} of {summary.size}",
    )


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """The fields of a new review as they were typed."""

    question: str = ""
    ends: str = ""
    shows_answers: bool = False
    allows_originals: bool = False
    invited: str = ""
    name: str = ""
    problem: str = ""
    field: str = ""  # that the problem is about


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of an asset that will be in the review."""

    asset_id: str
    name: str
    picture: Picture
    glyph: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReviewView(BarView):
    """The form that makes a review."""

    assets: tuple[Thumbnail, ...]
    missing: tuple[str, ...]
    fields: ReviewForm
    needs_name: bool
    is_local: bool
    has_links: bool
    firsts: tuple[ListLink, ...]  # other numbers of hits; empty for a selection
    notices: tuple[str, ...]
    max_question: int = MOST_QUESTION
    max_name: int = MOST_NAME
    most: int = MOST_ASSETS


def new_review_view(  # noqa: PLR0913 - the parts of the page
    ids: Sequence[str],
    existing: Mapping[str, Asset],
    search: Search,
    display: Display,
    *,
    first: int | None,
    fields: ReviewForm,
    person: Person | None,
    is_local: bool,
    has_links: bool,
    notices: Sequence[str] = (),
) -> NewReviewView:
    """Build the form for these assets; `first`: they are so many hits of the search."""
    base = display.lasting.url(search, "/reviews/new")
    glue = "&" if "?" in base else "?"
    return NewReviewView(
        **bar_parts(search, display),
        title="New review",
        assets=tuple(
            Thumbnail(
                each,
                existing[each].name,
                review_picture(existing[each], "", is_large=False),
                GLYPHS.get(existing[each].medium, OTHER_GLYPH),
            )
            for each in ids
            if each in existing
        ),
        missing=tuple(each for each in ids if each not in existing),
        fields=fields,
        needs_name=person is None,
        is_local=is_local,
        has_links=has_links,
        firsts=tuple(
            ListLink(str(number), f"{base}{glue}first={number}", number == first)
            for number in FIRST
        )
        if first is not None
        else (),
        notices=tuple(notices),
    )
