"""ReviewResultView: counts, comments, who is missing, and what can be made of the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.insight.review_results import (
    AssetResult,
    Progress,
    asset_results,
    next_search,
    progress,
    rejected,
    visible_answers,
    winners,
)
from app.query import describe
from app.query.params import MOST_LIKES, MOST_UNLIKES
from app.query.search import Search
from app.viewmodels.parts.card import GLYPHS, OTHER_GLYPH, picture_classes
from app.viewmodels.parts.search_bar import BarView, bar_parts
from app.viewmodels.team.review import GivenAnswer, given, review_picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.query.describe import Moment
    from app.query.reviews import Answer, Person, Review
    from app.scenario.assets import Asset
    from app.scenario.image_urls import Picture
    from app.viewmodels.team.review import Visit

_ORDERS: Final = (("votes", "Most wanted first"), ("place", "In the order of the review"))


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One asset with its counts and the answers that the viewer may see."""

    place: int
    name: str
    url: str  # its page in the review, or in the library
    picture: Picture
    glyph: str
    is_gone: bool
    classes: str  # of its picture in CSS
    yes: int
    maybe: int
    no: int
    outcome: str  # wanted, rejected or undecided; empty where answers are hidden
    answers: tuple[GivenAnswer, ...]
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class OrderLink:
    """An order of the rows."""

    label: str
    url: str
    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewResultView(BarView):
    """The result of a review."""

    visit: Visit
    review: Review
    rows: tuple[ResultRow, ...]
    orders: tuple[OrderLink, ...]
    everyone: tuple[Progress, ...]
    missing: tuple[Progress, ...]
    own: int  # answers of the viewer
    size: int
    is_complete: bool  # nothing is hidden from the viewer
    ended: Moment | None
    ends: Moment | None
    wanted: int
    rejected: int
    search_url: str
    left_out: str  # what the search does not contain; empty: nothing
    may_collect: bool  # the winners can become a collection


def result_view(
    visit: Visit,
    answers: Sequence[Answer],
    people: Sequence[Person],
    assets: Mapping[str, Asset] | None,
    *,
    order: str = "votes",
) -> ReviewResultView:
    """Build the result; `assets` are those that exist, or None where that is not known."""
    review = visit.review
    visible = visible_answers(review, answers, visit.person, sees_all=visit.sees_all)
    own = sum(1 for each in answers if visit.person and each.person.id == visit.person.id)
    is_complete = visit.sees_all or own >= len(review.assets)
    results = asset_results(review, visible)
    everyone = progress(review, answers, people)
    wanted, unwanted = winners(results), rejected(results)
    following = next_search(results, assets) if is_complete and assets else None
    by_votes = sorted(results, key=lambda each: (-each.lead, -each.yes, each.place))
    answered = {each.asset_id for each in visible}
    ended = review.ended_at(visit.now)
    return ReviewResultView(
        **bar_parts(Search()),
        title=review.question,
        visit=visit,
        review=review,
        rows=tuple(
            _row(visit, each, assets, is_hidden=not is_complete and each.asset.id not in answered)
            for each in (by_votes if order == "votes" else results)
        ),
        orders=tuple(
            OrderLink(label, f"{visit.base}/result?order={name}", name == order)
            for name, label in _ORDERS
        ),
        everyone=everyone,
        missing=tuple(each for each in everyone if not each.is_complete),
        own=own,
        size=len(review.assets),
        is_complete=is_complete,
        ended=describe.moment(ended) if ended is not None else None,
        ends=describe.moment(review.ends) if review.ends is not None else None,
        wanted=len(wanted),
        rejected=len(unwanted),
        search_url=following.search.url() if following and not visit.is_link else "",
        left_out=_left_out(following.left_out_likes, following.left_out_unlikes)
        if following
        else "",
        may_collect=is_complete
        and not visit.is_link
        and any(each.asset.id in (assets or {}) for each in wanted),
    )


def _left_out(likes: int, unlikes: int) -> str:
    """Return what the search of a result does not contain."""
    parts = []
    if likes:
        parts.append(f"{likes} wanted {'asset' if likes == 1 else 'assets'} beyond {MOST_LIKES}")
    if unlikes:
        noun = "asset" if unlikes == 1 else "assets"
        parts.append(f"{unlikes} rejected {noun} beyond {MOST_UNLIKES}")
    if not parts:
        return ""
    return f"The search has the best-voted ones. Left out: {' and '.join(parts)}."


def _row(
    visit: Visit, result: AssetResult, assets: Mapping[str, Asset] | None, *, is_hidden: bool
) -> ResultRow:
    asset = (assets or {}).get(result.asset.id)
    base = f"{visit.base}/assets/{result.asset.id}" if visit.is_link else ""
    in_library = f"/assets/{result.asset.id}" if asset and not visit.is_link else ""
    outcome = "wanted" if result.lead > 0 else "rejected" if result.lead < 0 else "undecided"
    return ResultRow(
        place=result.place,
        name=asset.name if asset else result.asset.name,
        url=visit.asset_url(result.place) if visit.is_open else in_library,
        picture=review_picture(asset, base, is_large=False),
        glyph=GLYPHS.get(asset.medium, OTHER_GLYPH) if asset else "image",
        is_gone=assets is not None and asset is None,
        classes=picture_classes(asset, blurs=True) if asset else "",
        yes=result.yes,
        maybe=result.maybe,
        no=result.no,
        outcome="" if is_hidden else outcome if result.answers else "no answers",
        answers=tuple(given(visit, each) for each in result.answers),
        is_hidden=is_hidden,
    )
